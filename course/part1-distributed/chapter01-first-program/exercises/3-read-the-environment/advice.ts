import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "a launcher": {
    hint: 'Go down the three rows by hand: which is the first that has both a rank and a world size? All else comes from that row, or from its rank; and "0" is a rank, too.',
    read: "The launcher and its environment",
  },
  "no launcher": {
    hint: "Is there any row here that has both a rank and a world size? Call your function with an empty environment, and with RANK alone: what does it do?",
    read: "The launcher and its environment",
  },
  "the error": {
    hint: "Call it with PATH alone and with RANK alone, and print what is thrown. Is it an Error, and does its reader learn which two variables to set?",
    read: "The launcher and its environment",
  },
  "the environment": {
    hint: "Print the environment before and after the call. Where do you delete, add or replace a variable in it, instead of using one of your own?",
    read: "The launcher and its environment",
  },
  "what it returns": {
    hint: "Everything in an environment is a string. Print typeof for each of the four fields that you return; and is the function async?",
    read: "The launcher and its environment",
  },
  "it runs to the end": {
    hint: "The function reads a few strings and waits for nothing. Is there a loop that never ends, or code outside it that fails when the file is loaded?",
    read: "The launcher and its environment",
  },
});
