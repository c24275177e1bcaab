import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "open-ring",
    belief: "A ring of n GPUs has n - 1 links.",
    edits: [["return Math.min(...links.map(speed));", "return Math.min(...links.slice(0, -1).map(speed));"]],
    message: /has SYS between GPU\d and GPU\d, which closes the ring/,
  },
  {
    name: "any-nvlink",
    belief: "NVLink is NVLink.",
    edits: [["slowest.length + Number(entry.slice(2))", "slowest.length"]],
    message: /links of different width: .* has NV1/,
  },
  {
    name: "best-sum",
    belief: "The sum of all links is what counts.",
    edits: [["return Math.min(...links.map(speed));", "return links.map(speed).reduce((a, b) => a + b, 0);"]],
    message: /(hidden ring|drawn at random).* there is a ring with nothing slower/,
  },
  {
    name: "pcie-upside-down",
    belief: "SYS stands for the system: it is the fastest way.",
    edits: [['["SYS", "NODE", "PHB", "PXB", "PIX"]', '["PIX", "PXB", "PHB", "NODE", "SYS"]']],
    message: /PCIe without NVLink: .* has SYS/,
  },
  {
    name: "first-digit",
    belief: "The digit after NV is the number of links.",
    edits: [["Number(entry.slice(2))", "Number(entry[2])"]],
    message: /four GPUs joined by NV4, NV12 and NV18: .* has NV4/,
  },
  {
    name: "sorts-names",
    belief: "A ring has no beginning, so the names may as well be sorted first.",
    edits: [["walk(names.slice(0, 1), names.slice(1));", "names.sort();\n  walk(names.slice(0, 1), names.slice(1));"]],
    message: /GPUs with names of their own: names are not as they were/,
  },
]);
