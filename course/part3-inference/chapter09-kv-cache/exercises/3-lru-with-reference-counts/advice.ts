import { defineAdvice } from "worldsize/exercise";

export default defineAdvice({
  "what it returns": {
    hint: "allocate, keep and match return lists of page numbers at once, or undefined where there are not enough; release returns nothing.",
    read: "What goes first",
  },
  "what is found": {
    hint: "Go through the calls before the named one: when did its key get a page, and who got that page since?",
    read: "What goes first",
  },
  "pages that are free": {
    hint: "Add up after every call: idle pages and held ones. At which call does the sum fall short?",
    read: "What goes first",
  },
  "pages that are held": {
    hint: "How many requests have the named page at that moment, by match, by allocate, or because keep exchanged one? That many releases it takes.",
    read: "What goes first",
  },
  "what goes first": {
    hint: "Write down the idle pages in the order in which they became idle. Which event moves a page to the end of that line?",
    read: "What goes first",
  },
  "what is kept": {
    hint: "Two requests computed one prefix side by side. After both have kept it there should be one page of it, and both should read that.",
    read: "Two at once",
  },
  "it runs to the end": {
    hint: "Each call only looks at its own pages and keys. Can a loop that waits for an idle page go on forever?",
    read: "What goes first",
  },
});
