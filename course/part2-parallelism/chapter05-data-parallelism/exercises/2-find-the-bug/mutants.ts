import { defineMutants } from "worldsize/exercise";

const divided = "const loss = batch.loss().div(microBatches.length);";
const averaged = "    await average(world, device, [mean";

export default defineMutants([
  {
    name: "only-the-log",
    belief: "The loss falls as it should, so it is divided rightly.",
    edits: [
      [divided, "const loss = batch.loss();"],
      ["mean.add_(loss.detach());", "mean.add_(loss.detach().div(microBatches.length));"],
    ],
    message: /times the right one, in every element/,
  },
  {
    name: "as-many-as-asked-for",
    belief: "Every window has as many micro-batches as the first.",
    edits: [[divided, "const loss = batch.loss().div(steps[0].length);"]],
    message: /It is divided by \d, as many micro-batches as the first step has/,
  },
  {
    name: "divides-each-time",
    belief: "After each backward the gradients are divided.",
    edits: [
      [divided, "const loss = batch.loss();"],
      [
        "      loss.backward();\n",
        "      loss.backward();\n      for (const { grad } of parameters) grad?.div_(microBatches.length);\n",
      ],
      ["mean.add_(loss.detach());", "mean.add_(loss.detach().div(microBatches.length));"],
    ],
    message: /divided again with each later one/,
  },
  {
    name: "steps-each-time",
    belief: "A micro-batch is a batch.",
    edits: [
      [
        "      mean.add_(loss.detach());\n",
        "      mean.add_(loss.detach());\n      await average(world, device, parameters.flatMap(({ grad }) => grad ?? []));\n      optimizer.step();\n      optimizer.zeroGrad();\n",
      ],
      [", ...parameters.flatMap(({ grad }) => grad ?? [])]);\n    optimizer.step();\n    optimizer.zeroGrad();", "]);"],
    ],
    message: /called optimizer\.step\(\) \d+ times; there are \d steps/,
  },
  {
    name: "never-zeroed",
    belief: "The optimizer has used the gradients up.",
    edits: [["    optimizer.zeroGrad();\n", ""]],
    message: /The gradient of step 0 is still in it/,
  },
  {
    name: "last-only",
    belief: "Only the last micro-batch needs to be synchronized.",
    edits: [
      [
        divided,
        "const early = batch === microBatches.at(-1) ? parameters.map(({ grad }) => grad?.clone() ?? null) : [];\n      if (early.length > 0) optimizer.zeroGrad();\n      " +
          divided,
      ],
      ["      mean.add_(loss.detach());\n    }\n", "      mean.add_(loss.detach());\n      if (early.length > 0) {\n"],
      [averaged, `    ${averaged}`],
      [
        "    optimizer.step();\n",
        "        for (const [i, each] of early.entries()) if (each) parameters[i].grad?.add_(each);\n      }\n    }\n    optimizer.step();\n",
      ],
    ],
    message: /Only the last micro-batch was averaged/,
    rightAt: [1],
  },
]);
