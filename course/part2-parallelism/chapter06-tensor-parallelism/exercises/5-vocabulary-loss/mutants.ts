import { defineMutants } from "worldsize/exercise";

const maximum = 'await world.allReduce(top, "max");';
const chosen = "const [total, chosen] = [sums.select(0, 0), sums.select(0, 1)];";

export default defineMutants([
  {
    name: "own-maximum",
    belief: "Any number may be subtracted, so each rank takes its own largest.",
    edits: [[`  ${maximum}\n`, ""]],
    message: /the loss is .*Each rank subtracted the largest of its own logits/,
    rightAt: [1],
  },
  {
    name: "padding-counts",
    belief: "Columns are words.",
    edits: [["lt(vocabulary - from)", "lt(columns)"]],
    message: /the loss is .*That is with the padding: \d columns? after the 5 words count/,
  },
  {
    name: "the-label-stays-at-home",
    belief: "The rank that has the label's logit subtracts it.",
    edits: [
      [chosen, "const total = sums.select(0, 0);"],
      ["  await world.allReduce(sums);", "  const chosen = sums.select(0, 1).clone();\n  await world.allReduce(sums);"],
    ],
    message: /the loss is .*The label's logit is missing here/,
    rightAt: [1],
  },
  {
    name: "gathers-the-logits",
    belief: "A softmax is over all words, so a rank needs all logits.",
    edits: [
      [
        `  ${maximum}\n`,
        "  const all = world.ranks.map(() => device.empty([tokens, columns]));\n  await world.allGather(all, own);\n  for (const each of all) top.copy_(top.maximum(each.max(-1)));\n",
      ],
    ],
    message: /called allGather.*Logits stay where they are/,
  },
  {
    name: "divides-by-all-rows",
    belief: "The mean is over all rows; those that are ignored add 0.",
    edits: [["Math.max(1, counts.filter((each) => each === 1).length)", "counts.length"]],
    message: /the loss is .*It is divided by all \d rows; \d rows? of them/,
  },
  {
    name: "one-hot-of-the-whole",
    belief: "The label's column loses 1.",
    edits: [[".sub(hits).mul(factor", '.sub(places.eq(device.from(labels, [tokens, 1], "i32")).to("f32")).mul(factor']],
    message: /the gradient\[.*The 1 was taken off where this rank's column has the label's number/,
    rightAt: [1],
  },
]);
