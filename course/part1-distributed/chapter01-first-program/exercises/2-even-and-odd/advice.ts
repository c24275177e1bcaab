import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "A collective is for all ranks of a group; what a pair does is for two. Which operations have one sender and one receiver?",
    read: "Nothing is shared",
  },
  "the result": {
    hint: "For 5 ranks, write beside each rank its role and what it returns, then print what yours return. Which role is wrong, and in which term? In JavaScript, ^ is not a power.",
    read: "One program, many ranks",
  },
  "what it returns": {
    hint: "Every rank returns a plain number. Does each branch of your if return one, and is it taken out of its tensor and awaited?",
    read: "One program, many ranks",
  },
  "who sends": {
    hint: "Draw the ranks of a world of 5, and one arrow for each pair. At which ranks does no arrow begin, and at which does more than one begin in your program?",
    read: "Nothing is shared",
  },
  "what is sent": {
    hint: "Print shape, dtype and value of the tensor just before it is sent; the task names all three. Which dtype does a tensor have if you name none?",
    read: "Nothing is shared",
  },
  "what came": {
    hint: "If a partner sent 1,000 more, the odd rank would have to return 1,000 more. From which variable is its result made?",
    read: "Nothing is shared",
  },
  "it runs to the end": {
    hint: "Take the rank that the report names: does the other side call what it waits for? Is there a rank above the last one, and is each call awaited?",
    read: "When something goes wrong",
  },
});
