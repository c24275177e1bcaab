import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "The bugs are in what is summed and where, not in the kinds of collectives. Compare with the starter: which one has come in?",
    read: "Sequence parallelism",
  },
  "the gradients": {
    hint: "Take two ranks with two tokens each. Which tokens and which units went into this gradient on rank 0, before anything travels after backward? Is that all of them, a term, or a share?",
    read: "Sequence parallelism",
  },
  "the loss": {
    hint: "The starter logs a sum over all ranks' labels, divided by their number. Is what backward starts from still the same number as what is returned?",
    read: "Context parallelism",
  },
  "what it returns": {
    hint: "One number on every rank. Is it read out of its tensor, and awaited?",
    read: "Sequence parallelism",
  },
  "the inputs": {
    hint: "Look for names that end with an underscore, and for lists that are shortened or reversed in place.",
    read: "Sequence parallelism",
  },
  "it runs to the end": {
    hint: "Does every rank call the same collectives in the same order, also the last one, whose only token has no label? And is a gradient summed that has another shape on each rank?",
    read: "The recipes",
  },
});
