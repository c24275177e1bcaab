import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "cached-whole-is-free",
    belief: "A prompt that is cached whole needs no compute (nano-vllm 144).",
    edits: [["const most = Math.floor((prompt - 1) / pageSize);", "const most = Math.floor(prompt / pageSize);"]],
    message: /still runs its last token/,
  },
  {
    name: "tokens-are-found",
    belief: "What is shared is saved, to the token.",
    edits: [["Math.min(common, most) : 0", "Math.min(shared, prompt - 1) / pageSize + 0 * most : 0"]],
    message: /Only whole pages are found/,
  },
  {
    name: "the-first-finds-it",
    belief: "All hundred requests save the system prompt.",
    edits: [["i > 0 && !atOnce ?", "i >= 0 && !atOnce ?"]],
    message: /The first request finds nothing/,
  },
  {
    name: "at-once-is-in-turn",
    belief: "Whoever comes together shares from the first token on.",
    edits: [["i > 0 && !atOnce ?", "i > 0 && (!atOnce || atOnce) ?"]],
    message: /none finds what another is still computing/,
  },
  {
    name: "a-copy-for-each",
    belief: "Each request keeps its own pages.",
    edits: [["let pages = common;", "let pages = common * own.length;"]],
    message: /kept once/,
  },
  {
    name: "half-full-is-kept",
    belief: "The cache keeps every page that was written.",
    edits: [["Math.floor(prompt / pageSize) - common", "Math.ceil(prompt / pageSize) - common"]],
    message: /not full is not kept/,
  },
]);
