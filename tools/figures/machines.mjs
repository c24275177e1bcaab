// Machines, what an algorithm costs on them on virtual time, and the levels of memory.
import { levels } from "./models.mjs";

export async function figures() {
  const { crossingsOf, ladderSvg, logPlotSvg, machineSvg } = await import("../../dist/draw.js");
  const { describedMachine, layOn, parts, predict } = await import("../../dist/sim.js");
  // Tensors that 16 ranks can cut into equal parts twice: an uneven part makes the hierarchy a few microseconds slower.
  const even = (size) => 1024 * Math.max(1, Math.round(size / 1024));
  const sizes = [...new Set(Array.from({ length: 36 }, (_, i) => even(4 * 10 ** (2 + i / 5))))];
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
  const plot = (title, machine, names) => {
    const at = (name, size) => predict(machine, [even(size)], [name])[0].seconds[0];
    const curves = predict(machine, sizes, names).map(({ algorithm, seconds }) => ({ name: algorithm, y: seconds }));
    const crossings = crossingsOf(sizes, curves, at);
    const about = [title, ...crossings.map(({ from, to, x }) => `${from} is faster up to ${bytes(+x.toPrecision(2))}, then ${to}`)].join("; "); // biome-ignore format: one sentence
    return logPlotSvg({
      title,
      about,
      xName: "bytes of the tensor",
      yName: "time of one allReduce, computed",
      x: sizes,
      curves,
      crossings,
      xTick: bytes,
      yTick: time,
    });
  };
  const h100 = describedMachine("dgx-h100");
  const pair = describedMachine("dgx-h100", 2);

  const box = describedMachine("pcie-box");
  const four = "course/part1-distributed/chapter04-algorithms/figures";
  return {
    "course/figures/memory-hierarchy.svg": ladderSvg("What feeds an H100, from the inside out", levels(parts)),
    [`${four}/dgx-h100.svg`]: machineSvg(h100, layOn(h100, "ring", 256e6)),
    [`${four}/pcie-box.svg`]: machineSvg(box, layOn(box, "ring", 256e6)),
    [`${four}/crossover.svg`]: plot("One DGX H100, 8 ranks, on virtual time", h100, [
      "ring",
      "tree",
      "doubling",
      "double-tree",
      "halving",
      "nvls",
    ]),
    [`${four}/hierarchy.svg`]: plot("Two DGX H100, 16 ranks, on virtual time", pair, [
      "ring",
      "doubling",
      "double-tree",
      "hierarchical",
    ]),
  };
}
