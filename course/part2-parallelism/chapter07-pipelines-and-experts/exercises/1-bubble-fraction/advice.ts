import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "One function gives a number, the other a list with one number for each rank. Both at once: is one of them async, or a return missing?",
    read: "What it costs",
  },
  "the bubble": {
    hint: "Take the row of any rank: how long does it work in all, and how long does the whole step take? Which part of that is left over, and is it measured against the whole?",
    read: "What it costs",
  },
  "what is kept": {
    hint: "Walk along one row and count: plus one at each forward, minus one at each backward. Where is the count largest, and can it grow at all with so few micro-batches?",
    read: "The mechanism",
  },
  "it runs to the end": {
    hint: "Both functions only calculate: they need nothing but what they are handed.",
    read: "What it costs",
  },
});
