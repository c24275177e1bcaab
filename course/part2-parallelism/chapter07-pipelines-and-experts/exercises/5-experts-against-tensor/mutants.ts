import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "there-and-back",
    belief: "There are two exchanges: dispatch and combine.",
    edits: [["(4 * rows * row", "(2 * rows * row"]],
    message: /are four exchanges/,
  },
  {
    name: "everything-travels",
    belief: "Every choice is a row that is sent.",
    edits: [["(4 * rows * row * (ranks - 1)) / ranks", "4 * rows * row * (ranks > 1 ? 1 : 0)"]],
    message: /it does not travel/,
  },
  {
    name: "own-tokens",
    belief: "Tensor parallelism sums the tokens that a rank has.",
    edits: [["tokens * ranks * 4 * width;", "tokens * 4 * width;"]],
    message: /it computes the tokens of all ranks/,
  },
  {
    name: "rows-for-each-expert",
    belief: "Tensor parallelism sums the results of each expert.",
    edits: [
      ["tensorBytes({ ranks, tokens, width }: Plan)", "tensorBytes({ ranks, tokens, width, perToken }: Plan)"],
      ["tokens * ranks * 4 * width;", "tokens * perToken * ranks * 4 * width;"],
    ],
    // The mixture that is run has one expert for each token, or several.
    message: /one row for each token/,
  },
  {
    name: "even-for-all",
    belief: "Bytes do not depend on who is chosen.",
    edits: [["const busiest = 2 * (ranks - 1) * rows * row;", "const busiest = even;"]],
    message: /That is with even choices/,
  },
  {
    name: "from-k-on",
    belief: "With as many ranks as experts of a token, experts on ranks win.",
    edits: [["let ranks = perToken + 1;", "let ranks = Math.max(2, perToken);"]],
    message: /both send the same/,
  },
]);
