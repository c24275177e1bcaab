import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "Which rank needs a row: all of them, or one? Which collective gives each rank something of its own?",
    read: "Experts",
  },
  "what it returns": {
    hint: "One tensor, as large as x. Is a return or an await missing?",
    read: "Experts",
  },
  "the shape": {
    hint: "However many experts a token has, it has one result: [tokens, width], also with 0 tokens.",
    read: "Experts",
  },
  "the rows of experts": {
    hint: "Write down what one rank receives: from which rank, for which of its experts, row by row. Which places does each expert take?",
    read: "Experts",
  },
  "the results": {
    hint: "Follow one row of the named token: its place before dispatch, where it arrives, where its expert's result lies, and where that comes back.",
    read: "Experts",
  },
  "the inputs": {
    hint: "Which of your operations sorts a list in place, or ends with an underscore?",
    read: "Experts",
  },
  "what travels": {
    hint: "Add up the rows of each piece that you hand over. Is one longer than its count?",
    read: "Experts",
  },
  "it runs to the end": {
    hint: "Print each rank's calls of allToAll, with the lengths of its pieces. Does a rank leave one out, and is what I expect from you what you send me?",
    read: "Experts",
  },
});
