import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what is called": {
    hint: "What does a rank have to know of the others' micro-batches: their scores, or one number?",
    read: "Experts",
  },
  "the value": {
    hint: "Take the named step by hand, with two experts: f and P of each layer, of real tokens alone; then how much each micro-batch counts.",
    read: "Experts",
  },
  "the inputs": {
    hint: "Which of your calls sorts, reverses or fills a list that you were handed?",
    read: "Experts",
  },
  "the form of the gradients": {
    hint: "Four levels: this rank's micro-batches, their layers, their tokens, the experts. Padding has its zeros, too.",
    read: "Experts",
  },
  "the gradients": {
    hint: "Move one score by 0.001 in your own value, with the choices as they are, and divide the difference. Which numbers differ?",
    read: "Experts",
  },
  "who learns": {
    hint: "Write the weight of each chosen expert as a formula of the scores. Is there a form in which the scores cancel?",
    read: "Experts",
  },
  "it runs to the end": {
    hint: "A rank may have no micro-batches. Does it call allReduce as often as the others?",
    read: "Experts",
  },
});
