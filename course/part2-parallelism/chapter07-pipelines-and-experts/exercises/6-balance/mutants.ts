import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "choices-of-tokens",
    belief: "f is the share of tokens that chose an expert, as in Hugging Face's.",
    edits: [["/ (tokens * k)", "/ tokens"]],
    message: /Hugging Face's convention/,
  },
  {
    name: "layers-together",
    belief: "Scores of all layers are one long list.",
    edits: [
      [
        "    return layers.map(({ scores, chosen }) => {\n",
        "    const joined = [{ scores: layers.flatMap((each) => each.scores), chosen: layers.flatMap((each) => each.chosen) }];\n    const many = layers.length;\n    return joined.map(({ scores, chosen }) => {\n",
      ],
      [
        "real[t] && list.includes(e)).length / (tokens * k)",
        "real[t % real.length] && list.includes(e)).length / (many * tokens * k)",
      ],
      ["(real[t] ? row[e] : 0), 0) / tokens", "(real[t % real.length] ? row[e] : 0), 0) / tokens / many"],
    ],
    message: /two that are each unbalanced look balanced/,
  },
  {
    name: "padding-is-balanced",
    belief: "A router scores every row.",
    edits: [
      ["real.filter(Boolean).length", "real.length"],
      ["real[t] && list", "list"],
      ["(real[t] ? row[e] : 0)", "row[e]"],
    ],
    message: /That is with the padding/,
  },
  {
    name: "micro-batches-are-whole",
    belief: "The term is a mean over tokens already: each micro-batch adds its own.",
    edits: [["const share = tokens / total;", "const share = 1;"]],
    message: /Each micro-batch counts as a whole/,
  },
  {
    name: "own-tokens",
    belief: "A rank divides by the tokens that it has.",
    edits: [
      [
        "const total = await summed(counted.reduce((a, b) => a + b, 0));",
        "const total = counted.reduce((a, b) => a + b, 0);",
      ],
    ],
    // With one micro-batch for each rank the two are alike.
    message: (world) => (world > 3 ? /Each micro-batch counts as a whole/ : /by its share of its own rank's tokens/),
    rightAt: [1],
  },
  {
    name: "every-router-learns",
    belief: "Whatever is multiplied by a weight gives that weight a gradient.",
    edits: [["return experts > 1 && !(perToken === 1 && normalized);", "return experts > 1;"]],
    message: /One weight that is made to be 1 is 1 whatever the scores are/,
  },
]);
