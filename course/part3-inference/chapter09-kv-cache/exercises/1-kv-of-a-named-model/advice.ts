import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Both functions return a number at once. Is a return missing, or a field of the config read that is not there?",
    read: "What a token keeps",
  },
  "bytes of a token": {
    hint: "Count what one layer stores of one token on one rank, with a pencil, for the named model. Which of the factors does your number lack, or have twice?",
    read: "What a token keeps",
  },
  "what fits": {
    hint: "How many pages does the memory hold, and how many does one sequence take? Both are rounded, and not the same way.",
    read: "Pages",
  },
  "it runs to the end": {
    hint: "The two functions only calculate. Does either of them loop?",
    read: "What a token keeps",
  },
});
