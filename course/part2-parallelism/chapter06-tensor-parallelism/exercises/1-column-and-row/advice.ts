import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "Something is missing on every rank, and all of them need the same total. Which one collective gives just that?",
    read: "One layer, two cuts",
  },
  "what it returns": {
    hint: "Forward functions return one tensor, backward functions three by their names. Is a return missing, or an await?",
    read: "One layer, two cuts",
  },
  "the shapes": {
    hint: "Read the table of the task for this function, line by line: which sizes are those of a shard, and which are whole?",
    read: "One layer, two cuts",
  },
  "the results": {
    hint: "Do the example by hand for two ranks: write what each holds before anything travels, and then what the sum would be.",
    read: "One layer, two cuts",
  },
  "one all_reduce each way": {
    hint: "Two of the four need no word from other ranks. For the other two: does everything go in one call, and only what is asked for?",
    read: "The recipes",
  },
  "the inputs": {
    hint: "Look for what works in place: names that end with an underscore, and collectives. Whose tensor do they write to?",
    read: "One layer, two cuts",
  },
  "it runs to the end": {
    hint: "Print the shapes of both factors before each product: the inner two must agree, also where a rank has nothing.",
    read: "One layer, two cuts",
  },
});
