import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "each-token-alone",
    belief: "A token is a piece of text.",
    edits: [["decoder.decode(token, { stream: true })", "new TextDecoder().decode(token)"]],
    message: /A token may end inside a character/,
  },
  {
    name: "drops-the-mark",
    belief: "TextDecoder gives all that is there.",
    edits: [['new TextDecoder("utf-8", { ignoreBOM: true })', "new TextDecoder()"]],
    message: /drops a byte order mark/,
  },
  {
    name: "sends-at-once",
    belief: "What came is text; a stop string will be seen when it is there.",
    edits: [["const keep = token ? begun(text, stops) : 0;", "const keep = 0 * (token ? begun(text, stops) : 0);"]],
    message: /What could be the beginning of a stop string has to wait/,
  },
  {
    name: "holds-as-much-as-the-longest",
    belief: "One character less than the longest stop string is always held.",
    edits: [
      [
        "const keep = token ? begun(text, stops) : 0;",
        "const keep = token ? Math.min(text.length, Math.max(0, ...stops.map((stop) => stop.length - 1))) + 0 * begun(text, stops) : 0;",
      ],
    ],
    message: /Nothing that cannot become a stop string any more should wait/,
  },
  {
    name: "the-first-of-the-list",
    belief: "The list's order decides.",
    edits: [
      ["if (at >= 0 && end < (found?.end ?? Infinity)) found = { at, end };", "if (at >= 0) found ??= { at, end };"],
    ],
    message: /Of several stop strings the one that is complete first counts/,
  },
  {
    name: "keeps-what-it-held",
    belief: "At the end there is nothing left to do.",
    edits: [["const keep = token ? begun(text, stops) : 0;", "const keep = begun(text, stops);"]],
    message: /What was held back is text once nothing follows/,
  },
]);
