import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "the greeting": {
    hint: "show.line shows a line of text. Which two fields of world are in a rank's first one, and from which number do ranks count?",
    read: "One program, many ranks",
  },
  "who speaks": {
    hint: "Every rank runs every line of the program. Which of your lines of text are for all ranks, which is for one of them, and where is the if?",
    read: "One program, many ranks",
  },
  "the count": {
    hint: "Print the tensor before and after the collective, on every rank. Which ranks have the sum then, and is each call awaited? Rank 0 says it once, in its second and last line.",
    read: "One program, many ranks",
  },
  "eight ranks": {
    hint: "Where does a script say how many ranks it has when -n is not given? Compare yours with the complete program in the chapter.",
    read: "One program, many ranks",
  },
  "who counts": {
    hint: "What does each rank give to the others: is it a 1? And if one gave a 3 by mistake, would the number in your line change?",
    read: "Nothing is shared",
  },
  "what it returns": {
    hint: "ranks is a field of the script, beside about and main. What is its type in the chapter's complete program, and in yours?",
    read: "One program, many ranks",
  },
  "it runs to the end": {
    hint: "A collective ends when every rank of the group has called it. Is yours in an if that some ranks skip, and is each call awaited?",
    read: "When something goes wrong",
  },
});
