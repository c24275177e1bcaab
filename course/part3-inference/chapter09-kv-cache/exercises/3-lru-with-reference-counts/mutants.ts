import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "released-is-idle",
    belief: "Whoever releases a page is done with it.",
    edits: [["if (--holders[page] > 0) return;", "holders[page] = 0;"]],
    message: /was it made idle by the first that released it|Several hold it/,
  },
  {
    name: "stale-key",
    belief: "A page is overwritten; what was known of it goes by itself.",
    edits: [["if (key !== undefined) byKey.delete(key);", ""]],
    message: /has lost its key/,
  },
  {
    name: "first-in-first-out",
    belief: "The oldest page goes first.",
    edits: [
      [
        "(keyOf[page] === undefined ? free : kept).push(page);",
        "(keyOf[page] === undefined ? free : kept).push(page);\n    kept.sort((a, b) => age[a] - age[b]);",
      ],
      ["  const kept: number[] = [];", "  const kept: number[] = [];\n  const age: number[] = [];\n  let clock = 0;"],
      ["        keyOf[page] = keys[i];", "        keyOf[page] = keys[i];\n        age[page] = clock++;"],
    ],
    message: /A page that was matched counts as used/,
  },
  {
    name: "front-first",
    belief: "Pages are released in their order.",
    edits: [["[...own].reverse()", "own"]],
    message: /release the last page first/,
  },
  {
    name: "duplicate-still-used",
    belief: "The duplicate is freed, and the request reads on (mini-sglang, pull request 142).",
    edits: [["          return known;\n", "          return page;\n"]],
    message: /one that is free would be read/,
  },
  {
    name: "half-an-allocation",
    belief: "Take what there is, and see whether it is enough.",
    edits: [
      ["      if (free.length + kept.length < count) return undefined;\n", ""],
      [
        "        const page = (free",
        "        if (free.length + kept.length === 0) return undefined;\n        const page = (free",
      ],
    ],
    message: /Were pages lost/,
  },
]);
