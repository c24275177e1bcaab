import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "You are building a collective here, so none can do the work for you. Which two operations move a chunk one step along the ring?",
    read: "Part I, put together",
  },
  "the mean": {
    hint: "Print one gradient on every rank: when it is ready, packed, summed, divided and unpacked. At which of these points is it first not what you expect?",
    read: "Part I, put together",
  },
  "the same bits": {
    hint: "Two ranks that add the same numbers in another order round differently. In a ring one rank finishes a chunk, and the others receive a copy: where do yours add on their own?",
    read: "Part I, put together",
  },
  "the ring": {
    hint: "Print the peer of every message. A rank talks to its two neighbours only, and the last rank's right neighbour has number 0.",
    read: "Part I, put together",
  },
  messages: {
    hint: "Print the plan before anything travels: which indices share a bucket, and with how many bytes? Then count what one ring sends, and how many rings run.",
    read: "Part I, put together",
  },
  buckets: {
    hint: "Compare your plan with the one in the message. Is a bucket that is exactly full still allowed, what opens the next one, and do two rings ever run at a time?",
    read: "Part I, put together",
  },
  overlap: {
    hint: "For each bucket, name the last thing that your program waits for before the first chunk leaves. Is that one of the tensors in this bucket?",
    read: "Part I, put together",
  },
  "it runs to the end": {
    hint: "Do all ranks run the same rings in the same order, is a tensor left alone while a message uses it, and are both halves of a step in flight before either is awaited?",
    read: "Part I, put together",
  },
});
