import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "No collective is needed against a cycle of waiting ranks. What changes if a send or a receive starts earlier, or is awaited later?",
    read: "Deadlock",
  },
  "the halos": {
    hint: "For 3 ranks, write down whose edge comes into halo.left, then for 2: which send matches which receive when all go to the same rank? And is it the halo you were given?",
    read: "Matching",
  },
  "the edges": {
    hint: "An edge is only read, a halo only written. Which of your lines receives into an edge, copies something there, or gives its memory back?",
    read: "Buffers in flight",
  },
  messages: {
    hint: "On 3 ranks, draw the arrows that leave rank 1 and label each with what it carries. Is there one to either side, with a whole edge?",
    read: "send and recv",
  },
  "it runs to the end": {
    hint: "Draw an arrow from each rank to the one it waits for, for 2 ranks and for 3: do they make a cycle? What could have started before that wait? All must be awaited in the end.",
    read: "Deadlock",
  },
});
