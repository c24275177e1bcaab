import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "One object with two numbers, computed and pages, at once.",
    read: "Prefixes",
  },
  "tokens that are run": {
    hint: "Go through the named plan one request at a time. Which whole pages does it find, and does its prompt end inside one of them?",
    read: "The last token",
  },
  "pages that are kept": {
    hint: "Draw each prompt as pages. Which are full, and which of the full ones have the same tokens from the beginning on?",
    read: "Prefixes",
  },
  "it runs to the end": {
    hint: "Only arithmetic is needed. Does a loop over requests or pages end for every page size?",
    read: "Prefixes",
  },
});
