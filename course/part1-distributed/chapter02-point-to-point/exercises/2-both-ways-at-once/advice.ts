import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "Each rank exchanges one number with its left and one with its right neighbour. Which of your calls is neither a send nor a receive between two ranks?",
    read: "send and recv",
  },
  "what it returns": {
    hint: "Print what you return. item() gives a promise, which has to be awaited before it can be added; and a tensor is not a number either.",
    read: "send and recv",
  },
  "the sum": {
    hint: "Print what came from the left and what from the right, for 3 ranks and for 2. Is each counted once, and which message matches which receive when both come from one rank?",
    read: "Matching",
  },
  messages: {
    hint: "Draw the arrows that leave one rank, for 3 ranks and for 2. To whom does each go, and what is in it?",
    read: "send and recv",
  },
  "at once": {
    hint: "Count the operations that are called before anything waits, on every rank, in helpers, too. Which wait comes too early? A Work's .wait() is one as well.",
    read: "Now or later",
  },
  "it runs to the end": {
    hint: "What does each rank wait for first, and who has called the other side by then? Each receive needs a tensor of its own and a send that matches it, and all are awaited.",
    read: "Deadlock",
  },
});
