import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Three exported functions, three plain quantities. Call each by hand with one sequence of one token: is something missing behind a return?",
    read: "Two kinds of work",
  },
  flops: {
    hint: "Take one sequence and one layer. How many matrices does a token pass, of which sizes, and with how many keys does its query meet? Where does the vocabulary come in?",
    read: "Two kinds of work",
  },
  bytes: {
    hint: "Imagine memory as a shelf. What is taken from it once for everybody in the batch, and what does each sequence fetch for itself alone?",
    read: "Two kinds of work",
  },
  "the fewest sequences": {
    hint: "Write work and traffic of n equal sequences as two straight lines over n. When does their quotient reach what was asked, and what does it tend to?",
    read: "Two kinds of work",
  },
  "it runs to the end": {
    hint: "All of it is arithmetic. Do you search for n in a loop, and what if there is none, however far you go?",
    read: "Two kinds of work",
  },
});
