import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "expertBytes returns an object of two numbers, tensorBytes one number. Is a return missing, or one of them async?",
    read: "Experts",
  },
  "even choices": {
    hint: "Take one rank and one exchange: its rows, how many of them are for others, and the bytes of one. Then name the exchanges.",
    read: "Experts",
  },
  "tensor parallelism": {
    hint: "What does a rank hold of each expert, and which tokens need that part? What is added up, and how often?",
    read: "Experts",
  },
  "the busiest rank": {
    hint: "Draw three ranks, experts on the first alone. Write an arrow for each of dispatch and combine, forward and backward, with its rows.",
    read: "Experts",
  },
  "the fewest ranks": {
    hint: "Divide one formula by the other: which numbers are left? Then list the numbers that divide the experts.",
    read: "Experts",
  },
  "it runs to the end": {
    hint: "The functions only calculate. Does the loop over ranks end?",
    read: "Experts",
  },
});
