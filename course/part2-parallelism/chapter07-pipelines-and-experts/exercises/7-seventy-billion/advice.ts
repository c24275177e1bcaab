import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "The function returns an object { layout, micro } at once: a word such as dp8.tp8+zero1+sp, and a number of samples.",
    read: "Whole layouts",
  },
  "the layout": {
    hint: "Axes come first, with their ranks and dots between them, then what is done, each with a plus: pp2.dp4.tp8+zero1+sp.",
    read: "Whole layouts",
  },
  "it divides": {
    hint: "Multiply the axes: is it the number of devices? Then divide: heads of keys and values by tp, the batch by dp times micro. Which has a remainder?",
    read: "Whole layouts",
  },
  "it fits": {
    hint: "Write down the bytes of one rank by kind: weights, gradients, moments, what backward keeps, logits. Which of them does your estimate leave out, or divide by too much?",
    read: "Whole layouts",
  },
  "the step": {
    hint: "Ask the planner about this layout: parallel-strategy-calculator --layout says which part of the step is too long, and which layout does without it.",
    read: "Whole layouts",
  },
  "it runs to the end": {
    hint: "The function only calculates. Does each loop over tp and pp end?",
    read: "Whole layouts",
  },
});
