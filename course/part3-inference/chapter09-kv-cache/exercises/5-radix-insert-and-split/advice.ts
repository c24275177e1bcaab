import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "The node at whose end the inserted tokens end, as it is in the tree: the front half after a split inside it, a new leaf, or one that was there.",
    read: "A tree of prefixes",
  },
  "the links": {
    hint: "Draw the three nodes of a split with their arrows, up and down. Which arrow of the named node does not fit?",
    read: "A tree of prefixes",
  },
  "the nodes": {
    hint: "Write all inserted sequences one below the other. Where does one of them end, and where do two part? There, and only there, a node ends.",
    read: "A tree of prefixes",
  },
  "the pages": {
    hint: "For the named node, go back to the insert that brought its tokens first: those are the pages that requests read by now.",
    read: "A tree of prefixes",
  },
  "the locks": {
    hint: "List who has locked and not yet unlocked, and the path from the root to the end of each. In how many of them is the named node?",
    read: "A tree of prefixes",
  },
  "it runs to the end": {
    hint: "Each round of the walk has to get further along the inserted sequence. Can it stand still, or lead from a child to a parent?",
    read: "A tree of prefixes",
  },
});
