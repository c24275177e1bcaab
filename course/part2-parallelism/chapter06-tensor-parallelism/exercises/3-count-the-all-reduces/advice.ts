import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "Three parts, and in each the same four fields, all of them plain: a part in which nothing travels has zeros.",
    read: "What it costs",
  },
  "the collectives": {
    hint: "Walk through one layer forward, and note each point where ranks hold terms of a sum. Then walk back, and note where one input was used by all ranks. What lies before the first layer, and after the last?",
    read: "The recipes",
  },
  "the bytes": {
    hint: "Between layers, one tensor goes from place to place: which shape has it when no rank cuts it? Count its bytes once for every collective.",
    read: "What it costs",
  },
  "it runs to the end": {
    hint: "The function only calculates: it needs nothing but what it is handed.",
    read: "What it costs",
  },
});
