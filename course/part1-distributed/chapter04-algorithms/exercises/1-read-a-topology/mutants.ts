import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "open-ring",
    belief: "A ring of n GPUs has n - 1 links.",
    edits: [["return Math.min(...links.map(speed));", "return Math.min(...links.slice(0, -1).map(speed));"]],
    message: /It is the link that closes the ring/,
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
]);
