import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "odd ranks": {
    hint: "Follow an odd rank through your function, line by line. Which calls does it make besides those that make groups, and what exactly does it return?",
    read: "Groups",
  },
  "even ranks": {
    hint: "Print on each rank whether it has a group. Then look at every way out of your function: does an even rank, or a sum of 0, leave through the wrong one?",
    read: "Groups",
  },
  "what it returns": {
    hint: "An even rank returns a plain number. What do you have instead: a tensor, a promise, or another kind of nothing?",
    read: "One program, many ranks",
  },
  "the sum": {
    hint: "Print each even rank's value before the sum and what it has afterwards. Which values are missing or count twice; does the dtype keep fractions, and is the operator sum?",
    read: "Groups",
  },
  "the group": {
    hint: "On 5 ranks, print group.ranks of the group that adds up. Ranks that give the same color come together; what do the odd ones give?",
    read: "Groups",
  },
  "it runs to the end": {
    hint: "Making a group is a collective of its parent: do all ranks call it, also the odd ones? And on which group is the sum called, by whom?",
    read: "Groups",
  },
});
