import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "A list of lists of short strings, at once. Is a return missing in the outer or in the inner function?",
    read: "The mechanism",
  },
  "the rows": {
    hint: "One list for each rank, in order; in it strings such as F0 and B0, with no blanks, and nothing for idle time.",
    read: "The mechanism",
  },
  "the order": {
    hint: "Every micro-batch goes forward and back at every stage, exactly once. Write the row of the named rank on paper, and tick off what is there. Messages call row 2's F0 2F0.",
    read: "The mechanism",
  },
  "the time": {
    hint: "Draw the rows below each other on squared paper. Where does the second rank wait, and what could the first have sent it by then?",
    read: "The mechanism",
  },
  "what is kept": {
    hint: "Count along the named rank's list: plus one when something goes forward, minus one when it comes back. Which forward could have come later without anybody waiting for it?",
    read: "The mechanism",
  },
  "the same on all ranks": {
    hint: "Each rank calls the function by itself. Does it depend on anything but its two arguments, such as chance or a variable outside?",
    read: "The mechanism",
  },
  "the gradients": {
    hint: "The library ran these actions with a real model. Are the lists changed after they have been returned?",
    read: "The mechanism",
  },
  "it runs to the end": {
    hint: "The function only makes lists, for any two numbers from 1 on. Does every loop end if there are fewer micro-batches than stages?",
    read: "The mechanism",
  },
});
