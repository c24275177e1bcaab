import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "the messages": {
    hint: "Take one bucket alone: how many messages has a ring, how large is each, and what does each take?",
    read: "Buckets",
  },
  "the step": {
    hint: "Write down for each bucket when it is full, when it starts and when it has arrived.",
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
});
