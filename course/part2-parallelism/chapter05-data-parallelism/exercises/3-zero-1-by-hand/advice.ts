import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "An all_reduce gives every rank all sums, and it needs those of its own rows. Which half of an all_reduce stops there?",
    read: "Memory",
  },
  "what it returns": {
    hint: "The caller keeps what you return until the next step: the tensor of the moments. Is a return missing?",
    read: "Memory",
  },
  "the state": {
    hint: "For 5 rows on 3 ranks and on 4: write down who has which rows, and print the shape of what you return on each rank.",
    read: "Memory",
  },
  "the weights": {
    hint: "Print the own piece of the summed gradient, the moments and the moved rows on each rank, for the first step. Which is the first that is not what it should be?",
    read: "Two ranks, two weights",
  },
  "the same bits": {
    hint: "Who calculates a row's new value? One rank should, and all others should copy.",
    read: "Memory",
  },
  "the inputs": {
    hint: "Do the moments share memory with the gradient that was handed in, or is something added into it?",
    read: "Memory",
  },
  "what travels": {
    hint: "Count elements: what goes out for the sums is one gradient, and what goes out for the new weights is one shard.",
    read: "Memory",
  },
  "it runs to the end": {
    hint: "Does a rank without rows come to both collectives, and do all ranks name the same lengths for the same pieces?",
    read: "Memory",
  },
});
