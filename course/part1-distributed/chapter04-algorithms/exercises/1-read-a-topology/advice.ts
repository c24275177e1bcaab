import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Print what you return for two GPUs. Is it a list of two of the names you were given, or their places, one string, or a promise?",
    read: "The machine",
  },
  "a ring": {
    hint: "Print names and what you return side by side. Is each name there exactly once, whatever it is called? The way back to the first need not be written down.",
    read: "The machine",
  },
  "the slowest link": {
    hint: "For the ring in the message, list all its links, the closing one, too: which is slowest? Does your search try every order, and does it rank NV12 above NV4, PXB above PHB?",
    read: "The machine",
  },
  "names stay": {
    hint: "Print names and between before and after the call. Which of your lines sorts, reverses, shortens or writes to what you were handed?",
    read: "The machine",
  },
  "it runs to the end": {
    hint: "Does the search end with 2 names and with 7? And does it look up only pairs of the names that it was given, never an entry that is not there?",
    read: "The machine",
  },
});
