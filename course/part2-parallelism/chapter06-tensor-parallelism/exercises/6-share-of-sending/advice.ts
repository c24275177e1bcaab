import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Both functions return at once, one an object of three numbers and the other a number. Is a return missing, or is one of them async?",
    read: "What it costs",
  },
  "the sending": {
    hint: "Take one all_reduce alone: how many messages has its ring, how large is each? Then count the places of a layer that need one.",
    read: "What it costs",
  },
  "the computing": {
    hint: "List the six products of forward with their shapes, and beside each the two that backward makes of it. Which of them does one rank do, and how much of each?",
    read: "What it costs",
  },
  "the layer": {
    hint: "Draw backward as two rows, what travels above what is computed. An all_reduce starts when its sum's terms are there. What is left to compute that needs no sum?",
    read: "What it costs",
  },
  "the fastest": {
    hint: "Print the seconds for every number of ranks that divides the heads. Where do they jump, and does it pay later?",
    read: "What it costs",
  },
  "it runs to the end": {
    hint: "The functions only calculate: they need nothing but what they are handed. Does the loop over ranks end?",
    read: "What it costs",
  },
});
