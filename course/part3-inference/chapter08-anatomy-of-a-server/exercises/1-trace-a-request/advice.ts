import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "One function returns an object with five fields, of which one is a list; the other a single quantity. Print both for the first case: is a field missing, or a return?",
    read: "What is measured",
  },
  "time to first token": {
    hint: "Look at what each entry carries, from the top: which is the earliest that a reader would see something of on the screen? And whose clock starts the count?",
    read: "What is measured",
  },
  "end-to-end latency": {
    hint: "Go through the list backwards. Which entries would a reader never notice, because nothing is written?",
    read: "What is measured",
  },
  "time per output token": {
    hint: "Two things can go wrong: how many tokens there were, which one entry states outright, and what remains to divide by when a single one came.",
    read: "What is measured",
  },
  "inter-token latencies": {
    hint: "Write down moments at which something was readable, and subtract neighbors. An answer of five such moments has four differences.",
    read: "What is measured",
  },
  "time in the queue": {
    hint: "A preempted request has more than one entry there. Which of them ended its wait for a place, and which came from being thrown out?",
    read: "What is measured",
  },
  goodput: {
    hint: "Take the requests one by one and ask of each: was there anything to read, did it start soon enough, was it fast enough? Then divide what is left by the duration.",
    read: "What is measured",
  },
  "it runs to the end": {
    hint: "Both functions only look at what they are handed. Is there a loop without an end, or a list that may be empty and is read all the same?",
    read: "What is measured",
  },
});
