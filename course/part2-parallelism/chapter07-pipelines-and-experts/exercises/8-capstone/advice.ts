import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "the layout": {
    hint: "It is a word, the same on every rank: axes with their ranks, which multiply to devices, then what is done along them.",
    read: "Whole layouts",
  },
  "the gradients": {
    hint: "Take two samples and two ranks. Which samples does each rank run, what is the sum of their losses divided by, and when are the ranks' gradients added up?",
    read: "Whole layouts",
  },
  "what it returns": {
    hint: "synchronize gives the loss of all ranks. Is it awaited, and returned?",
    read: "Whole layouts",
  },
  "the loss": {
    hint: "The loss is the mean over the targets of all ranks and micro-batches. What is it divided by here?",
    read: "Whole layouts",
  },
  "the memory": {
    hint: "Write down parameters, gradients and moments of one rank under your layout, in bytes for each parameter of the model. Which of the three are not shared out?",
    read: "Whole layouts",
  },
  "the bytes": {
    hint: "Count what a rank sends for one micro-batch, and what once a step. With two micro-batches, which of them doubles?",
    read: "Whole layouts",
  },
  "the step": {
    hint: "For so small a model messages are latency, so count them: for each block, for each stage, for the whole step.",
    read: "Whole layouts",
  },
  "it runs to the end": {
    hint: "All ranks have to call run and synchronize, with as many batches each, even if some are empty.",
    read: "Whole layouts",
  },
});
