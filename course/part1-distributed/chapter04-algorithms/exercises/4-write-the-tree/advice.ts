import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "You are writing a collective here, so none can do the work for you. Which two operations bring x from a parent to a child?",
    read: "The tree",
  },
  "the tensor": {
    hint: "For root 1 of 3, print rank, v and parent on every rank. Is v turned back into a rank before it is a peer, and does x itself receive all of it?",
    read: "The tree",
  },
  messages: {
    hint: "Draw the tree for this root: one arrow comes in at every rank but the root. Who is sent to twice, who answers, or is x sent in parts?",
    read: "The tree",
  },
  rounds: {
    hint: "Write the round beside each arrow of your tree; a rank serves one child per round. Who has the tensor and is idle, and which child needs the most time?",
    read: "The tree",
  },
  "it runs to the end": {
    hint: "Does each send have a receive that matches it, and the other way round? Look at children beyond the last rank, at the root, and at who sends before it has x.",
    read: "The tree",
  },
});
