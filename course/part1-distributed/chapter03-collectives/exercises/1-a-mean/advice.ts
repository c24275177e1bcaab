import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "the mean": {
    hint: "Which of these add up over ranks: means, sums, counts? Work it out by hand for 1, 2, 3 on one rank and 10 on another, then with a rank that holds none. Which dtype carries them?",
    read: "A mean, and how to get it wrong",
  },
  "what it returns": {
    hint: "Print what each rank returns, also one that holds no numbers. Is it a plain number everywhere, or a tensor, a string, a promise or nothing?",
    read: "Calling them",
  },
  "x stays": {
    hint: "Print x before and after each of your calls. Which of them is in place? Methods whose names end in _ are, and so is allReduce.",
    read: "Calling them",
  },
  "bytes sent": {
    hint: "How many bytes would your ranks send if each held a million numbers? What can a rank compute of its own numbers before anything travels?",
    read: "A mean, and how to get it wrong",
  },
  "it runs to the end": {
    hint: "What does a rank that holds no numbers do? It takes part like the others: the same collectives in the same order and shapes, each of them awaited.",
    read: "All, in the same order",
  },
});
