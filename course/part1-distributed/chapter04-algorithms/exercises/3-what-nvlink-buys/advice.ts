import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Print what both functions return, and typeof of it. A ratio and a size are plain numbers: is there a unit, a promise, or a branch without a return?",
    read: "Two bandwidths",
  },
  "the speed-up": {
    hint: "What does one step of a ring move, and what does it cost on each link? Work it out for 8 ranks and 64 KiB, slow over fast; then for a tiny and for a huge tensor.",
    read: "What they cost",
  },
  "the half size": {
    hint: "At the size you say, for this n and link, work out the ring's time, then algbw, then busbw. Is busbw half of the link's bandwidth, and how large is a chunk there?",
    read: "Two bandwidths",
  },
  "it runs to the end": {
    hint: "Both are arithmetic alone. Is there a loop that searches and never arrives, or something that is not there? A Link has alpha and bandwidth.",
    read: "What they cost",
  },
});
