import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "You are building a collective here, so none can do the work for you. Which two operations move a chunk one step along the ring?",
    read: "Nine patterns",
  },
  "the sum": {
    hint: "For 3 ranks and 7 elements, draw each rank's chunks after every step: whose numbers are in them? Print yours, and look for the first step that differs.",
    read: "The ring, step by step",
  },
  "the ring": {
    hint: "Print the peer of every send. Which neighbours does rank 0 have, and the last rank? What is meant for a rank farther away takes one link per step.",
    read: "The ring, step by step",
  },
  "bytes sent": {
    hint: "A ring sends one chunk per step, 2 (n - 1) of them in all. For three ranks, print which chunk goes in each step, and how many bytes it has.",
    read: "The ring, step by step",
  },
  "it runs to the end": {
    hint: "Are both halves of a step in flight before either is awaited, and is nothing used before it has come? Print the bounds of your chunks, too: -1 % 3 is -1 in JavaScript.",
    read: "Calling them",
  },
});
