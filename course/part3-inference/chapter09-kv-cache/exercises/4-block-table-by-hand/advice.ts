import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "append gives two lists, slots and copies, and a table is a list of page numbers, all of them at once.",
    read: "Pages",
  },
  "the slots": {
    hint: "Take the named position. In which entry of the sequence's table does it lie, and at which place of that page?",
    read: "Pages",
  },
  "what is copied": {
    hint: "A copy is for a token that would otherwise go where another sequence reads. Is there such a token, and such a sequence, at the named call?",
    read: "Copy on write",
  },
  "what is read": {
    hint: "Follow the named page through the calls before: who named it, who wrote into it, and when was it taken anew?",
    read: "Copy on write",
  },
  "pages in use": {
    hint: "Count the pages that the tables name after that call, on paper. Which one is there before any token is in it, or twice with the same tokens?",
    read: "Pages",
  },
  "pages come back": {
    hint: "Each page that no table names any more has to be available again, after an end as well as after a copy.",
    read: "Copy on write",
  },
  "it runs to the end": {
    hint: "Does a loop that takes pages stop once there is room for the tokens that were asked for?",
    read: "Pages",
  },
});
