import { defineMutants } from "worldsize/exercise";

const topped = "const top = a.lse.maximum(b.lse).maximum(-1e38);";

export default defineMutants([
  {
    name: "mean-of-blocks",
    belief: "Each block contributes its part of the attention: the parts are averaged.",
    edits: [["a.o.mul(share(ofA)).add(b.o.mul(share(ofB)))", "share(ofA) && a.o.add(b.o).div(2)"]],
    message: /as if each block weighed the same/,
  },
  {
    name: "without-the-shift",
    belief: "The weights are exp(lse).",
    edits: [
      [topped, "const top = 0;"],
      ["total.maximum(1)", "total"],
    ],
    message: /Only the difference of the two lse matters/,
  },
  {
    name: "adds-logarithms",
    belief: "lse is a sum, so those of two blocks are added.",
    edits: [["lse: total.log().add(top)", "lse: a.lse.add(b.lse)"]],
    message: /logarithms that are added are a product/,
  },
  {
    name: "no-keys-no-number",
    belief: "Every block has keys.",
    edits: [[topped, "const top = a.lse.maximum(b.lse);"]],
    message: /neither has a key here/,
  },
  {
    name: "own-block-again",
    belief: "Each rank sends its keys to the right in every step.",
    edits: [
      [
        "    block = next;\n    found = join(device, found, attend(q, block[0], block[1]));",
        "    found = join(device, found, attend(q, next[0], next[1]));",
      ],
    ],
    message: /must have the shape|count twice|keys are missing/,
    rightAt: [1, 2],
  },
  {
    name: "one-step-too-few",
    belief: "The last block is my own.",
    edits: [["step < size; step++", "step < size - 1; step++"]],
    message: /as if rank \d's keys are missing\.$/,
    rightAt: [1],
  },
]);
