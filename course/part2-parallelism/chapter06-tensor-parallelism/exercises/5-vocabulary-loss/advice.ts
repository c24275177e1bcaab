import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "What does a rank need of the others' logits: each of them, or a maximum and sums? Which one collective gives those?",
    read: "The recipes",
  },
  "what it returns": {
    hint: "An object with two tensors, loss and gradient. Is one of them missing, or an await?",
    read: "The recipes",
  },
  "the shapes": {
    hint: "The loss is one number, of no axes; the gradient is as large as the logits of this rank, padding included.",
    read: "The recipes",
  },
  "the loss": {
    hint: "Do five words with logits 0 on two ranks by hand: write the largest logit, the sum of exp and the label's logit of each rank, before and after each all_reduce.",
    read: "The recipes",
  },
  "the gradient": {
    hint: "Write the softmax of one token over all words, mark the label, and cut that into the ranks' columns. Which row, which column of yours differs?",
    read: "The recipes",
  },
  "what travels": {
    hint: "One number per token in the first all_reduce, two in the second. Does a whole row of logits, or a loss that every rank could compute, travel with them?",
    read: "The recipes",
  },
  "the inputs": {
    hint: "Which of your operations ends with an underscore, and is what it writes to a view of the logits?",
    read: "The recipes",
  },
  "a label that is no word": {
    hint: "Who can see it: the rank that would have the word, or all? And when: before the first all_reduce, or after a rank has begun to wait?",
    read: "The recipes",
  },
  "it runs to the end": {
    hint: "Print the columns of each rank that are words. Does a rank without any call the same collectives?",
    read: "The recipes",
  },
});
