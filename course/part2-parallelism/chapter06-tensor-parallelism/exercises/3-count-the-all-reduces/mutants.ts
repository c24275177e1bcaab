import { defineMutants } from "worldsize/exercise";

const places = "const places = 2 * layers + 1;";

export default defineMutants([
  {
    name: "one-per-layer",
    belief: "A layer needs one all_reduce.",
    edits: [[places, "const places = layers;"]],
    message: /Attention and MLP need one each/,
  },
  {
    name: "layers-only",
    belief: "Only layers are parallel.",
    edits: [[places, "const places = 2 * layers;"]],
    message: /What does the embedding need/,
  },
  {
    name: "backward-twice",
    belief: "Backward is twice the work, and so twice the communication.",
    edits: [
      [
        "return { forward: each, backward: each, norms: none };",
        "return { forward: each, backward: { ...each, allReduce: 2 * each.allReduce }, norms: none };",
      ],
    ],
    message: /as many collectives as forward/,
  },
  {
    name: "sequence-on-top",
    belief: "Cutting the sequence comes on top of tensor parallelism.",
    edits: [
      ["const each = { ...none, allGather: places,", "const each = { ...none, allReduce: places, allGather: places,"],
    ],
    message: /take the all_reduce's place/,
  },
  {
    name: "norms-are-local",
    belief: "Norms have no part in tensor parallelism.",
    edits: [["const norms = { ...none, allReduce: 1, bytes: 4 * places * width };", "const norms = none;"]],
    message: /norms says 0 allReduce/,
  },
  {
    name: "half-each",
    belief: "An all_reduce is two halves, so each of the two moves half of the bytes.",
    edits: [["bytes: 2 * places * stream", "bytes: places * stream"]],
    message: /Each of both collectives works on the whole tensor/,
  },
]);
