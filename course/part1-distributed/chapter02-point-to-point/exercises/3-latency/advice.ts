import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "What is measured are messages from rank 0 to rank 1. Which of your calls is something else, and what would it add to the time?",
    read: "What a message costs",
  },
  messages: {
    hint: "For sizes [8, 64] and 4 rounds, list what rank 0 should send, and print what it does send. Do you warm up, answer, or have other ranks take part?",
    read: "What a message costs",
  },
  u8: {
    hint: "How many elements has a message of b bytes if they are u8? And which dtype has a tensor if you name none, on the receiving side, too?",
    read: "send and recv",
  },
  "in flight": {
    hint: "Count the calls that are made before the first await, once for blocking and once for windowed. What does rank 1 do: does it keep as many receives in flight?",
    read: "Now or later",
  },
  "what it returns": {
    hint: "Print what ranks 0 and 1 return from both functions, and what draw hands to show.plot. Where is a list of plain numbers missing?",
    read: "What a message costs",
  },
  "the clock": {
    hint: "Mark every look at the clock in your code. How many are there per size, is one of them in the loop over rounds, and is all awaited before the last?",
    read: "What a message costs",
  },
  "the times": {
    hint: "Work one size out by hand: 8 rounds, 10 ms between the two looks. How do you get from there to microseconds per message? And is there one number per size, on both ranks?",
    read: "What a message costs",
  },
  "its inputs": {
    hint: "The list of sizes belongs to the caller. Which of your lines takes something out of it, sorts it, or writes to it?",
    read: "What a message costs",
  },
  "the plot": {
    hint: "Print what draw hands to show.plot, and how often. Are there two curves with the names from the task, and is each made of the list that belongs to it, unchanged?",
    read: "What a message costs",
  },
  "it runs to the end": {
    hint: "Does rank 1 receive as many messages as rank 0 sends, of the same sizes? Does each receive in flight have a tensor of its own, and is each awaited?",
    read: "Buffers in flight",
  },
});
