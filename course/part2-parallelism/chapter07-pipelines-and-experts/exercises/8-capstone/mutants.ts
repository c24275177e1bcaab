import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "everybody-runs-all",
    belief: "run shares the samples out by itself.",
    edits: [["const mine = parallel.shareOf(samples);", "const mine = samples;"]],
    rightAt: [1, 2],
    message: /2 times what they should be/,
  },
  {
    name: "own-count",
    belief: "A rank divides by the targets that it has.",
    edits: [["parallel.run(batches, countOf(samples))", "parallel.run(batches, countOf(mine))"]],
    rightAt: [1, 2],
    message: /not by a rank's own/,
  },
  {
    name: "mean-of-micro-batches",
    belief: "With micro-batches, gradients must be divided by their number.",
    edits: [["parallel.run(batches, countOf(samples))", "parallel.run(batches, micro * countOf(samples))"]],
    message: /0\.5 times what they should be/,
  },
  {
    name: "states-on-every-rank",
    belief: "Data parallelism fits wherever one rank fits.",
    edits: [["if (1.02 * bytes <= memory) return `pp${pp}.dp${dp}${data}`;", "if (bytes > 0) return `dp${devices}`;"]],
    rightAt: [1],
    message: /which are whole on every rank\?/,
  },
  {
    name: "gathered-each-time",
    belief: "FSDP sends as much as data parallelism.",
    edits: [
      [
        "if (1.02 * bytes <= memory) return `pp${pp}.dp${dp}${data}`;",
        "if (devices > 1) return `dp${devices}+fsdp`;\n      return `dp1`;",
      ],
    ],
    rightAt: [1],
    message: /what for each micro-batch\?/,
  },
  {
    name: "tensor-first",
    belief: "Tensor parallelism saves the most, so it comes first.",
    edits: [
      [
        "if (1.02 * bytes <= memory) return `pp${pp}.dp${dp}${data}`;",
        "if (devices > 1) return `dp${devices / 2}.tp2${devices > 2 ? '+zero1' : ''}`;\n      return `dp1`;",
      ],
    ],
    rightAt: [1],
    message: /Which of them are many/,
  },
]);
