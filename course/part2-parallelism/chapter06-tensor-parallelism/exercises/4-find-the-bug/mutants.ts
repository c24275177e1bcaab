import { defineMutants } from "worldsize/exercise";

const summed = "[model.norm, model.bias, model.head]";
const added = "x.add(scatter(world, cuts, term)).add(model.bias)";
const term = "const term = units.matmul(model.down.transpose(0, 1));";

export default defineMutants([
  {
    name: "shifted-after-the-cut",
    belief: "A rank has its tokens, and so it has their labels.",
    edits: [
      ["[...tokens.slice(1), IGNORED]", "tokens.slice(cuts[rank] + 1, cuts[rank + 1])"],
      ["following.slice(cuts[rank], cuts[rank + 1])", "[...following, IGNORED]"],
    ],
    message: /the gradient of up.*shifted after the cut/,
    rightAt: [1],
  },
  {
    name: "a-share-of-the-bias",
    belief: "The outputs are right, so the bias may be divided among the ranks.",
    edits: [
      [term, `${term.slice(0, -1)}.add(model.bias.div(world.size));`],
      [added, "x.add(scatter(world, cuts, term))"],
      [summed, "[model.norm, model.head]"],
    ],
    message: /the gradient of bias.*It is 1\/\d of the right one: a share of the bias was added/,
    rightAt: [1],
  },
  {
    name: "averaged",
    belief: "Gradients of weights that all ranks have are averaged, as in data parallelism.",
    edits: [["await world.allReduce(grad);", 'await world.allReduce(grad, "mean");']],
    message: /the gradient of head.*the ranks' gradients were averaged/,
    rightAt: [1],
  },
  {
    name: "not-cut-not-summed",
    belief: "A norm is computed alike on all ranks: it needs no communication.",
    edits: [[summed, "[model.bias, model.head]"]],
    message: /the gradient of norm.*this rank's own tokens give; the others' are missing/,
    rightAt: [1],
  },
  {
    name: "the-bias-on-each-rank",
    belief: "A layer adds its bias to what it computes.",
    edits: [
      [term, `${term.slice(0, -1)}.add(model.bias);`],
      [added, "x.add(scatter(world, cuts, term))"],
      [summed, "[model.norm, model.head]"],
    ],
    message: /the gradient of up.*with the bias \d times: each rank added it before the sum/,
    rightAt: [1],
  },
  {
    name: "summed-although-whole",
    belief: "Dividing the bias makes each rank's gradient a share; the sum and the factor put it right.",
    edits: [
      [term, `${term.slice(0, -1)}.add(model.bias.div(world.size));`],
      [added, "x.add(scatter(world, cuts, term))"],
      ["  return loss / counted;", "  model.bias.grad?.mul_(world.size);\n  return loss / counted;"],
    ],
    message: /the gradient of bias.*It is \d times the right one: a rank that had the whole/,
    rightAt: [1],
  },
]);
