import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "who waits": {
    hint: "For each key that a caller waits for: which caller sets it, and is that before it waits itself? And what keeps a caller from returning until the last one has come?",
    read: "The rendezvous",
  },
  "what it returns": {
    hint: "An object of a number and a list of strings. Values in the store are strings and calls give promises: which of your fields is still one, or is missing?",
    read: "The rendezvous",
  },
  ranks: {
    hint: "Three callers come: write down what each call on the counter returns, one after the other, and then with all reading before any of them writes. Which rank does each get?",
    read: "The rendezvous",
  },
  names: {
    hint: "Draw the store as a table for three callers. Under which key is each name, can one caller overwrite another's, and how does a reader know whose rank it is?",
    read: "The rendezvous",
  },
  "it runs to the end": {
    hint: "Does every loop that asks the store end once all are there? Are all keys and values strings, and is each call awaited?",
    read: "The rendezvous",
  },
});
