import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "The bug is not in what travels. Compare with the starter: which collective has come in?",
    read: "A matching loss curve proves nothing",
  },
  "the gradients": {
    hint: "Four micro-batches with the gradients 1, 2, 3, 4: write down grad after each backward, after the sum over two equal ranks, and before the optimizer.",
    read: "Two ranks, two weights",
  },
  "the steps": {
    hint: "Count on paper how often the optimizer is asked to move, for windows of 4, 4 and 3.",
    read: "A matching loss curve proves nothing",
  },
  communication: {
    hint: "Is the averaging inside the inner loop? What a rank adds up alone need not travel before it is complete.",
    read: "Accumulation, unused parameters, shared ones",
  },
  "the curve": {
    hint: "What is logged was right in the starter. If backward's loss changed, what has to change where it is logged?",
    read: "A matching loss curve proves nothing",
  },
  "what it returns": {
    hint: "A list with one number for each step. Is each of them read out of its tensor, and awaited?",
    read: "A matching loss curve proves nothing",
  },
  "it runs to the end": {
    hint: "All ranks take the same steps with equally many windows: does every rank come to each collective?",
    read: "A matching loss curve proves nothing",
  },
});
