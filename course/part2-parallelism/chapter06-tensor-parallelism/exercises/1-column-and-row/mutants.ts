import { defineMutants } from "worldsize/exercise";

const summed = "const y = x.matmul(w.transpose(0, 1));";
const rowGradients =
  "_world: ProcessGroup, dy: Tensor, x: Tensor, w: Tensor): Promise<Gradients> {\n  return { dx: dy.matmul(w), dw: dy.transpose(0, 1).matmul(x), db: dy.sum(0) };";

export default defineMutants([
  {
    name: "bias-before-the-sum",
    belief: "A linear layer is a product and a bias, and then comes the communication.",
    edits: [
      [summed, "const y = x.matmul(w.transpose(0, 1)).add(b);"],
      ["return y.add(b);", "return y;"],
    ],
    message: /each rank added it before the sum/,
    rightAt: [1],
  },
  {
    name: "bias-divided",
    belief: "Each rank adds its n-th part of the bias, and so has the n-th part of its gradient.",
    edits: [
      [summed, "const y = x.matmul(w.transpose(0, 1)).add(b.div(world.size));"],
      ["return y.add(b);", "return y;"],
      [rowGradients, rowGradients.replace("_world", "world").replace("db: dy.sum(0)", "db: dy.sum(0).div(world.size)")],
    ],
    message: /its gradient is not shared out/,
    rightAt: [1],
  },
  {
    name: "dx-stays-local",
    belief: "Backward of a layer that called nothing calls nothing.",
    edits: [["  await world.allReduce(dx);\n", ""]],
    message: /all of them were made of this input/,
    rightAt: [1],
  },
  {
    name: "sums-every-gradient",
    belief: "Gradients are summed over ranks, as in data parallelism.",
    edits: [
      [
        rowGradients,
        rowGradients
          .replace("_world", "world")
          .replace("return {", "const db = dy.sum(0);\n  await world.allReduce(db);\n  return {")
          .replace("db: dy.sum(0) ", "db "),
      ],
    ],
    message: (world) =>
      world === 1 ? /it should call nothing/ : /db\[0\] is \d+ and should be \d+\. It is \d times too large/,
  },
  {
    name: "in-place",
    belief: "dy is not needed any more.",
    edits: [
      ["db: dy.sum(0) };\n}\n\n/** Each output", "db: dy.sum(0).add(dy.fill_(0).sum(0)) };\n}\n\n/** Each output"],
    ],
    message: /changed an input on rank 0 of \d: dy\[0\]/,
  },
]);
