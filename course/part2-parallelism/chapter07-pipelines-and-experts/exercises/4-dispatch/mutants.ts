import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "without-weights",
    belief: "The router has chosen, and the experts have computed: their results are added.",
    edits: [["index: indices(where) }).mul(factors)", "index: indices(where) })"]],
    message: /That is without the weights/,
  },
  {
    name: "no-way-back",
    belief: "Results are sent as the experts left them.",
    edits: [["results.copy_(F.embedding({ table: computed, index: indices(back) }));", "results.copy_(computed);"]],
    message: /in the order in which (the|its) rows came/,
    rightAt: [1],
  },
  {
    name: "one-expert-per-rank",
    belief: "What arrives at a rank is for its expert.",
    edits: [["places[e].push(at++)", "places[0].push(at++)"]],
    message: /That is all rows that came to this rank/,
  },
  {
    name: "nothing-to-say",
    belief: "A rank without tokens has no part in it.",
    edits: [
      ["  const own = experts.length;\n", "  const own = experts.length;\n  if (tokens === 0) return x.clone();\n"],
    ],
    message: (world) => (world === 1 ? /./ : /allToAll/),
    rightAt: [1],
  },
  {
    name: "dropped-goes-to-the-last",
    belief: "-1 is a number like any other.",
    edits: [
      [
        "    .filter(({ expert }) => expert >= 0)\n",
        "    .map((each) => ({ ...each, expert: Math.max(0, each.expert) }))\n",
      ],
    ],
    message: /Are there rows that are no token, or that others have chosen/,
  },
  {
    name: "dropped-keeps-a-place",
    belief: "What no expert counts takes no room.",
    edits: [["    .filter(({ expert }) => expert >= 0)\n", ""]],
    message: /a dropped choice has no row/,
  },
]);
