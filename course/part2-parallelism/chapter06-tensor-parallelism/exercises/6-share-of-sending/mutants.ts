import { defineMutants } from "worldsize/exercise";

const hidden = "const hidden = overlap ? Math.min(reduce, product(3)) + Math.min(reduce, product(4)) : 0;";

export default defineMutants([
  {
    name: "one-each-way",
    belief: "A layer has one all_reduce forward and one backward.",
    edits: [["const sending = 4 * reduce;", "const sending = 2 * reduce;"]],
    message: /Attention and MLP have one all_reduce each/,
  },
  {
    name: "whole-messages",
    belief: "Every message of a ring carries the whole tensor.",
    edits: [["const each = (tokens * width * bytes) / ranks;", "const each = tokens * width * bytes;"]],
    message: /carries 1\/n of the tensor/,
  },
  {
    name: "backward-is-forward",
    belief: "Backward computes as much as forward.",
    edits: [["const computing = 3 * product(4 + 4 + 4);", "const computing = 2 * product(4 + 4 + 4);"]],
    message: /Backward makes two products of each weight/,
  },
  {
    name: "all-weights-hide",
    belief: "Any gradient of a weight can be computed while something travels.",
    edits: [[hidden, "const hidden = overlap ? Math.min(reduce, product(4)) + Math.min(reduce, product(8)) : 0;"]],
    message: /cut by columns/,
  },
  {
    name: "all-of-it-hides",
    belief: "What overlaps is free.",
    edits: [[hidden, "const hidden = overlap ? 2 * reduce : 0;"]],
    message: /What is longer counts/,
  },
  {
    name: "every-link-is-fast",
    belief: "Most links of the ring are inside nodes, so it is nearly as fast.",
    edits: [
      ["const link = ranks <= perNode ? inside : between;", "const link = between.alpha > 0 ? inside : between;"],
    ],
    message: /as slow as the slowest link/,
  },
]);
