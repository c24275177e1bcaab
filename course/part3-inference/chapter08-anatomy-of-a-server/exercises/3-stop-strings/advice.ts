import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "The outer call gives a function; that one gives, each time, an object with a string and a boolean. Try it by hand with two tokens: is anything else coming back?",
    read: "Tokens are no text",
  },
  characters: {
    hint: "Write down the bytes of the case, and mark where a token ends. Which of them make no character yet, and who remembers them until the rest is there?",
    read: "Tokens are no text",
  },
  "what is held back": {
    hint: "Go through the case with a finger below what has come so far: which of its last letters could open a forbidden word? Only those wait, and at the end nobody does.",
    read: "Tokens are no text",
  },
  "where it stops": {
    hint: "Join all tokens on paper and underline every forbidden word. The one whose last letter comes soonest ends the answer, wherever its first letter came.",
    read: "Tokens are no text",
  },
  "it runs to the end": {
    hint: "Is there a search that begins again and again at the same place, or a case with no stop strings, of which the largest or the longest is asked for?",
    read: "Tokens are no text",
  },
});
