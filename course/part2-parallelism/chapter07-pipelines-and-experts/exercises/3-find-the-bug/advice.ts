import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "The kinds of messages are right as they are; compare with the starter. Which one has come in?",
    read: "Where gradients go wrong",
  },
  "the gradients": {
    hint: "Follow one token of a short micro-batch in the first of two runs: by what is its gradient divided, how often, and is anything of it still missing on this rank?",
    read: "Where gradients go wrong",
  },
  "the loss": {
    hint: "The starter logs a sum over every token of the step, over their number. Is the log still made of undivided losses?",
    read: "Where gradients go wrong",
  },
  "what it returns": {
    hint: "One number on every rank. Is it read out of its tensor, and awaited?",
    read: "Where gradients go wrong",
  },
  "the inputs": {
    hint: "Look for names that end with an underscore, and for lists that are shortened or reversed in place.",
    read: "Where gradients go wrong",
  },
  "it runs to the end": {
    hint: "Does every send have its receive, and does each rank of a group take part in what the group does, as often as the others?",
    read: "The mechanism",
  },
});
