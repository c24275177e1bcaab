import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Both functions return at once, one an object of three numbers and the other a number. Is a return missing, or is one of them async?",
    read: "Buckets",
  },
  "the messages": {
    hint: "Take one bucket alone: how many messages has a ring, how large is each, and what does each take?",
    read: "Buckets",
  },
  "the step": {
    hint: "Write three columns, a row for each bucket: full, starts, arrives. The chapter draws them as rows.",
    read: "Buckets",
  },
  "what is hidden": {
    hint: "Of two things that overlap, at best all of the shorter one is hidden. Which is it here?",
    read: "Buckets",
  },
  "the most ranks": {
    hint: "Print messages and backward for 1, 2, 4, 8 ranks. Which of them falls, and which hardly changes?",
    read: "Buckets",
  },
  "it runs to the end": {
    hint: "Does the loop that adds ranks end, also where one rank is all, and is a list of buckets read as the task has it?",
    read: "Buckets",
  },
});
