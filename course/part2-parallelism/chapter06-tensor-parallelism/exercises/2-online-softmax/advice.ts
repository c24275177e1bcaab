import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "A ring needs two operations: one towards the right neighbor, one from the left. What else is called here?",
    read: "Context parallelism",
  },
  "what it returns": {
    hint: "Both functions give an object with two tensors, by their names. Is one of them missing?",
    read: "Context parallelism",
  },
  "the shapes": {
    hint: "One weight per query has to meet a row of several numbers: which axis is missing, and is it gone again in the result?",
    read: "Context parallelism",
  },
  "the join": {
    hint: "Do the task's example on paper: three keys and one key, all with score 0. What is the sum behind each lse, and what is the sum of both?",
    read: "Context parallelism",
  },
  "the inputs": {
    hint: "Is something changed in place: a running result that begins as a tensor that you were handed?",
    read: "Context parallelism",
  },
  "the ring": {
    hint: "Print, on three ranks, whose block each rank looks at in each step. Every rank's should come by once.",
    read: "Context parallelism",
  },
  "what travels": {
    hint: "What a rank sends in a step is what came in the step before. Which block need not go any further?",
    read: "Context parallelism",
  },
  "it runs to the end": {
    hint: "Are all messages of a step in flight before one is awaited, and does each receive have the length of the block that comes?",
    read: "Context parallelism",
  },
});
