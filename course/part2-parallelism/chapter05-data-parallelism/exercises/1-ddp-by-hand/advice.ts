import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "One collective adds up what all ranks have, and leaves the result on each of them. What else would this step need?",
    read: "Two ranks, two weights",
  },
  "one reduction": {
    hint: "Which numbers can wait until every backward of this rank is over? They fit behind each other in one flat tensor.",
    read: "Accumulation, unused parameters, shared ones",
  },
  "the gradients": {
    hint: "On paper, with A and B: by what is each token's part divided before the sums meet? Print that divisor on every rank; it should be the same.",
    read: "Two ranks, two weights",
  },
  "the loss": {
    hint: "The mean loss is made as the gradients are: a sum over everything, over one count. Which sum do the other ranks hold?",
    read: "Two ranks, two weights",
  },
  "the same bits": {
    hint: "What is done with the sum after it has arrived, and does each rank do it with the same numbers?",
    read: "Two ranks, two weights",
  },
  "the parameters": {
    hint: "grad is what may change. Is something copied into a parameter itself, or is an optimizer's step in your code?",
    read: "Two ranks, two weights",
  },
  "each micro-batch once": {
    hint: "Each call of loss runs the whole model forward. Keep its result where you need it twice.",
    read: "Accumulation, unused parameters, shared ones",
  },
  "what it returns": {
    hint: "The result is a plain number. Reading one out of a tensor takes time: is that awaited?",
    read: "Two ranks, two weights",
  },
  "it runs to the end": {
    hint: "Collectives pair up by their order. Go through your code as a rank whose labels are all ignored, and as one without micro-batches: which calls does it skip?",
    read: "Two ranks, two weights",
  },
});
