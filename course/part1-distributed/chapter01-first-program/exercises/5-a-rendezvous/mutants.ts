import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "read-then-write",
    belief: "Reading a counter and writing it back is the same as adding.",
    edits: [
      [
        'const rank = (await store.add("count", 1)) - 1;',
        'await store.compareSet("count", "", "0");\n  const rank = Number(await store.get("count"));\n  await store.barrier("read", count);\n  await store.set("count", String(rank + 1));',
      ],
    ],
    message: /both got rank 0|waits in vain.*name\/1/,
    rightAt: [1],
  },
  {
    name: "counts-from-one",
    belief: "add returns the number before.",
    edits: [
      ['(await store.add("count", 1)) - 1', 'await store.add("count", 1)'],
      ["let r = 0; r < count; r++", "let r = 1; r <= count; r++"],
    ],
    message: /got rank \d; ranks go from 0/,
  },
  {
    name: "does-not-wait",
    belief: "A caller that has not come yet need not be known.",
    edits: [["r < count; r++", "r <= rank; r++"]],
    message: /returned before all were there|Did it wait until all were there/,
    rightAt: [1],
  },
  {
    name: "moved-names",
    belief: "Every caller lists itself last; the order is a matter of taste.",
    edits: [["return { rank, names };", "return { rank, names: [...names.slice(1), names[0]] };"]],
    message: /The list must be in the order of ranks/,
    rightAt: [1],
  },
]);
