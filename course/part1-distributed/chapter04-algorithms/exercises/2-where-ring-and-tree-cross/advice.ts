import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Print what you return for n = 3 and for n = 8. The first should be undefined, which is not the same as null or a string, and the second a number, not a promise.",
    read: "Where two cross",
  },
  "no crossing": {
    hint: "Count the sequential steps of ring and tree at this n. If the tree does not have fewer, is there any size at which it is ahead?",
    read: "Where two cross",
  },
  "a crossing": {
    hint: "Count the sequential steps of ring and tree at this n: which has fewer? Then print the numerator and the denominator of your formula: what are their signs?",
    read: "Where two cross",
  },
  "the crossing": {
    hint: "Put your size, with this n, alpha and beta, into both formulas. If the times differ, which part is off: levels (n need not be a power of two), chunk or whole tensor, units?",
    read: "Where two cross",
  },
  "it runs to the end": {
    hint: "Three numbers go in, and arithmetic gives the result. Is there a search that never stops where the two never meet, as at n = 2?",
    read: "Where two cross",
  },
});
