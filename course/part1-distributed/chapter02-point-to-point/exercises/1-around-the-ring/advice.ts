import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "A collective would do at once what you build here step by step. Which two operations move one tensor from a rank to its neighbour?",
    read: "send and recv",
  },
  "one i32 per message": {
    hint: "Print shape and dtype of the tensor that goes out and of the one that comes in. Which dtype do they have if you name none, and how many numbers are in them?",
    read: "send and recv",
  },
  "what it returns": {
    hint: "Print the list that you return. Are its entries plain numbers, or tensors, or promises that were never awaited?",
    read: "send and recv",
  },
  "the list": {
    hint: "For 3 ranks, write down what comes to rank 0 in each step. Whose number is it, in which place does it belong, and is it what goes out in the next step?",
    read: "send and recv",
  },
  "the ring": {
    hint: "Draw the ring with its arrows, as the task has them. Print the peer of every send and compare: which way round do yours go, where to from the last rank, and is a rank left out?",
    read: "send and recv",
  },
  messages: {
    hint: "Through how many links does the number from farthest away travel? Count the steps for 3 ranks with a pencil, then for one rank alone.",
    read: "send and recv",
  },
  "it runs to the end": {
    hint: "If all ranks begin with the same call and wait, which rank makes the matching call? Can both halves of a step be in flight, each with a tensor of its own? And with one rank?",
    read: "Deadlock",
  },
});
