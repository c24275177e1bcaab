import { defineMutants } from "worldsize/exercise";

const divided = "batch.loss().div(tokens)";

export default defineMutants([
  {
    name: "mean-of-means",
    belief: "The loss of a micro-batch is a mean, and means are averaged.",
    edits: [
      ["const counts = device.tensor([own]", "const counts = device.tensor([microBatches.length]"],
      [divided, "batch.loss().div(Math.max(1, batch.count)).div(tokens)"],
    ],
    message: /the mean of the micro-batches' means/,
  },
  {
    name: "mean-of-ranks",
    belief: "DDP averages over ranks, so each rank has to make the mean over its own tokens.",
    edits: [[divided, "batch.loss().div(Math.max(1, own)).div(world.size)"]],
    message: /the mean of the ranks' means/,
    rightAt: [1],
  },
  {
    name: "averages-again",
    belief: "DDP averages gradients over ranks.",
    edits: [["  await world.allReduce(flat);", "  await world.allReduce(flat);\n  flat.div_(world.size);"]],
    message: /once more/,
    rightAt: [1],
  },
  {
    name: "nothing-to-say",
    belief: "A rank without tokens has nothing to contribute.",
    edits: [["  // The loss travels", "  if (own === 0) return 0;\n  // The loss travels"]],
    message: (world) =>
      world === 1 ? /w has no gradient \(null\)/ : /calls the same collectives|call the same collectives/,
  },
  {
    name: "each-micro-batch",
    belief: "After each backward the gradients are reduced.",
    edits: [
      [
        "    flat.slice(0, 0, 1).add_(loss.detach());",
        "    flat.slice(0, 0, 1).add_(loss.detach());\n    for (const p of parameters) if (p.grad) await world.allReduce(p.grad);",
      ],
    ],
    message: (world) => (world === 1 ? /called allReduce 6 times/ : /Deadlock|waits for|called allReduce/),
  },
  {
    name: "last-only",
    belief: "Gradients add up locally, so they are reduced with the last micro-batch.",
    edits: [
      [
        "  for (const batch of microBatches) {",
        "  const early: (Tensor | null)[] = [];\n  for (const batch of microBatches) {\n    if (batch === microBatches.at(-1)) for (const p of parameters) early.push(p.grad?.clone() ?? null), (p.grad = null);",
      ],
      [
        "parameter.grad = sum.reshape(parameter.shape);",
        "parameter.grad = sum.reshape(parameter.shape).add_(early.shift() ?? 0);",
      ],
    ],
    message: /Only the last micro-batch was summed/,
    rightAt: [1],
  },
]);
