import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Is a return missing, or an await? item() of a tensor is a Promise of a number.",
    read: "Precision, and the norm",
  },
  "the norm": {
    hint: "Print one number for each gradient on each rank, before anything travels and after each axis. Which is the first that is not the whole gradient's?",
    read: "Precision, and the norm",
  },
  "the same norm": {
    hint: "Sums in another order have other last digits. Do all ranks add up the same numbers in the same order, after the messages?",
    read: "Precision, and the norm",
  },
  "the gradients": {
    hint: "Three cases: a norm above most, one that is not, and one that is not finite. What happens to the gradients in each?",
    read: "Precision, and the norm",
  },
  "what travels": {
    hint: "One number for each gradient is all that the others need to know; all of those that an axis cuts fit in one message.",
    read: "Precision, and the norm",
  },
  "it runs to the end": {
    hint: "Do all ranks of a group come to the same calls, also where a part has no elements, or a gradient is null?",
    read: "Precision, and the norm",
  },
});
