// Machines, what they cost on virtual time, and what feeds them.
export async function figures() {
  const { ladderSvg, logPlotSvg, machineSvg } = await import("../../dist/draw.js");
  const { describedMachine, layOn, predict } = await import("../../dist/sim.js");
  const sizes = Array.from({ length: 15 }, (_, i) => 4 * Math.round(10 ** (2 + i / 2)));
  const bytes = (value) =>
    value >= 1e9
      ? `${value / 1e9} GB`
      : value >= 1e6
        ? `${value / 1e6} MB`
        : value >= 1e3
          ? `${value / 1e3} KB`
          : `${value} B`;
  const time = (value) =>
    value >= 1
      ? `${value} s`
      : value >= 1e-3
        ? `${+(value * 1e3).toPrecision(2)} ms`
        : `${+(value * 1e6).toPrecision(2)} µs`;
  const curves = (machine, names) =>
    predict(machine, sizes, names).map(({ algorithm, seconds }) => ({ name: algorithm, y: seconds }));
  const plot = (title, machine, names) =>
    logPlotSvg({
      title,
      about: title,
      xName: "tensor",
      yName: "time of one allReduce",
      x: sizes,
      curves: curves(machine, names),
      xTick: bytes,
      yTick: time,
    });
  const h100 = describedMachine("dgx-h100");
  const pair = describedMachine("dgx-h100", 2);

  const memory = [
    { name: "registers, L1 (H100)", bandwidth: 33e12, capacity: "33 MB + 33 MB", latency: "~40 cycles" },
    { name: "HBM3 (H100 SXM)", bandwidth: 3.35e12, capacity: "80 GB", latency: "~0.3 µs" },
    { name: "NVLink 4", bandwidth: 0.45e12, capacity: "7 peers", latency: "~3 µs" },
    { name: "PCIe 5 to the host", bandwidth: 63e9, capacity: "2 TB", latency: "~6 µs" },
    { name: "400 Gb InfiniBand", bandwidth: 50e9, capacity: "other nodes", latency: "~14 µs" },
    { name: "NVMe, PCIe 5 × 4", bandwidth: 14e9, capacity: "30 TB", latency: "~80 µs" },
    { name: "100 Gb Ethernet", bandwidth: 12.5e9, capacity: "other nodes", latency: "~30 µs" },
  ];
  const four = "course/part1-distributed/chapter04-algorithms/figures";
  return {
    "course/figures/memory-hierarchy.svg": ladderSvg("What feeds an H100, from the inside out", memory),
    [`${four}/dgx-h100.svg`]: machineSvg(h100, layOn(h100, "ring", 256e6)),
    [`${four}/pcie-box.svg`]: machineSvg(
      describedMachine("pcie-box"),
      layOn(describedMachine("pcie-box"), "ring", 256e6),
    ),
    [`${four}/crossover.svg`]: plot("One DGX H100, 8 ranks, on virtual time", h100, [
      "ring",
      "tree",
      "doubling",
      "double-tree",
    ]),
    [`${four}/hierarchy.svg`]: plot("Two DGX H100, 16 ranks, on virtual time", pair, [
      "ring",
      "doubling",
      "double-tree",
      "hierarchical",
    ]),
  };
}
