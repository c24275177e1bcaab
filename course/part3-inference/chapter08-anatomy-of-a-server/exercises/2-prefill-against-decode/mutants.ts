import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "weights-for-each-sequence",
    belief: "Every sequence runs through the model, so every sequence reads it.",
    edits: [
      [
        "let elements = layers * layer(shape) + width * vocabulary;",
        "let elements = (layers * layer(shape) + width * vocabulary) * (rows.length || 1);",
      ],
    ],
    message: /A step reads the weights once, for all its sequences/,
  },
  {
    name: "the-whole-square",
    belief: "Attention of a prompt is its length squared.",
    edits: [["count * start + (count * (count + 1)) / 2", "count * (start + count)"]],
    message: /Attention is causal/,
  },
  {
    name: "a-head-for-each-token",
    belief: "Each token has logits.",
    edits: [["draws ? 2 * width * vocabulary : 0", "(draws ? 1 : 1) * 2 * count * width * vocabulary"]],
    message: /The head runs behind a row's last token alone/,
  },
  {
    name: "forgets-the-cache",
    belief: "A decode reads what it has just made.",
    edits: [["kvHeads * headDim * (start + count)", "kvHeads * headDim * (0 * start + count)"]],
    message: /Keys and values of earlier tokens are read, too/,
  },
  {
    name: "keys-are-shared",
    belief: "A larger batch always gets there.",
    edits: [
      [
        "const gain = flops(shape, [row]) - flopsPerByte * own;",
        "const gain = flops(shape, [row]) - 0 * flopsPerByte * own;",
      ],
    ],
    message: /Each sequence brings keys and values of its own/,
  },
]);
