import { defineMutants } from "worldsize/exercise";

const loop = "for (const bucket of bucketsOf(gradients, bucketBytes)) {";
const fits = "if (i === 0 || bytes + 4 * size > bucketBytes) {";
export default defineMutants([
  {
    name: "waits-for-all",
    belief: "Communication comes after backward.",
    edits: [[loop, `for (const i of gradients.keys()) await ready(i);\n  ${loop}`]],
    message: /idle for the whole backward pass/,
    rightAt: [1],
  },
  {
    name: "divides-twice",
    belief: "Each rank contributes its n-th part, and a mean is divided by n.",
    edits: [
      [
        "await ringAllReduce(world, device, flat);",
        "flat.div_(world.size);\n    await ringAllReduce(world, device, flat);",
      ],
    ],
    message: /divided by n twice/,
    rightAt: [1],
  },
  {
    name: "closes-when-full",
    belief: "A bucket is closed when it has reached its size.",
    edits: [[fits, "if (i === 0 || bytes >= bucketBytes) {"]],
    message: /That is \d+ rings?\.|That is one ring|each travels alone/,
    rightAt: [1],
  },
  {
    name: "one-gradient-late",
    belief: "A bucket is complete when the next gradient does not fit.",
    edits: [
      [
        "for (const i of bucket) await ready(i);",
        "for (const i of bucket) await ready(i);\n    await ready(Math.min(gradients.length - 1, bucket[bucket.length - 1] + 1));",
      ],
    ],
    message: /What it waits for is not in the bucket/,
    rightAt: [1],
  },
  {
    name: "ring-per-gradient",
    belief: "The ring is for a tensor, so each tensor gets a ring.",
    edits: [[fits, "if (true) {"]],
    message: /That is a ring for each gradient/,
    rightAt: [1],
  },
  {
    name: "one-buffer-in-flight",
    belief: "One buffer is enough, and the buckets need not wait for each other.",
    edits: [
      [
        loop,
        `const all = device.empty([gradients.reduce((sum, { size }) => sum + size, 0)]);
  await Promise.all(bucketsOf(gradients, bucketBytes).map(async (bucket) => {`,
      ],
      ["const flat = device.empty([parts", "const flat = all.slice(0, 0, parts"],
      ["size, 0)]);\n    let at", "size, 0));\n    let at"],
      ["flat.dispose();\n  }", "}));"],
    ],
    message: /a buffer that .* is using/,
    rightAt: [1],
  },
]);
