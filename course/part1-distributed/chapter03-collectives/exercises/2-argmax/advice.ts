import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Print the three fields on every rank, also on one that does not hold the largest. Which is not a plain number there: a tensor, a promise, nothing?",
    read: "Calling them",
  },
  "the answer": {
    hint: "Print what each of 3 ranks knows after each collective: value, rank, index. Then try a tie, numbers below zero, and an index of several thousand. Which dtype carries each?",
    read: "Finding the largest",
  },
  "x stays": {
    hint: "Print x before and after each of your calls. Which of them is in place and was handed x itself, or a view of it?",
    read: "Calling them",
  },
  "bytes sent": {
    hint: "How many bytes would your ranks send if each held a million numbers? What can a rank find out about its own numbers before anything travels?",
    read: "Finding the largest",
  },
  "it runs to the end": {
    hint: "List the collectives that each rank calls: are they the same, in the same order, with the same dtypes and the same root? Who knows the root at that point?",
    read: "All, in the same order",
  },
});
