import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "The stream has one sender and one receiver. Which of your calls is neither a send nor a receive, and what would be missing without it?",
    read: "send and recv",
  },
  "what it returns": {
    hint: "Every rank returns a list, and rank 1's holds plain numbers. Is a return missing, or is a number still in its tensor or in a promise?",
    read: "send and recv",
  },
  "the list": {
    hint: "Print each value on rank 1 when it has arrived. Is it there before you read it, and read before the next one comes? And what do the other ranks return?",
    read: "Buffers in flight",
  },
  messages: {
    hint: "Count the sends of each rank for 5 values, for one and for none. Is a value skipped because it is 0, or are several in one message?",
    read: "send and recv",
  },
  "one f32 per message": {
    hint: "Print shape and dtype of what is sent, and of what is received into. Does each hold one value, and which dtype has a tensor if you name none?",
    read: "send and recv",
  },
  "its input": {
    hint: "The list of values belongs to the caller. Which of your lines takes a value out of it, sorts it, or writes to it?",
    read: "Buffers in flight",
  },
  "two in flight": {
    hint: "For four values, write your calls and awaits in a row, and count the sends in flight at each point. A value has to wait only for the send that last used its own buffer.",
    read: "Buffers in flight",
  },
  "two buffers": {
    hint: "How many tensors are there after 300 values, and how many elements has each? When may a buffer be filled again?",
    read: "Buffers in flight",
  },
  "it runs to the end": {
    hint: "Was the send that used a buffer awaited before the buffer is filled again, and are the last sends, too? Does rank 1 receive as often as rank 0 sends?",
    read: "Buffers in flight",
  },
});
