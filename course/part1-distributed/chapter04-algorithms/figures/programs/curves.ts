// What an allReduce costs on a described machine, by several algorithms, and where the fastest changes.
import { crossingsOf, type Drawing, type LogPlot, logPlotSvg, logPlotText } from "worldsize/draw";
import { type LaidAlgorithm, type Machine, predict } from "worldsize/sim";

// Tensors that 16 ranks can cut into equal parts twice: an uneven part makes the hierarchy a few microseconds slower.
const even = (size: number): number => 1024 * Math.max(1, Math.round(size / 1024));
const sizes = [...new Set(Array.from({ length: 36 }, (_, i) => even(4 * 10 ** (2 + i / 5))))];

export function curvesOf(title: string, machine: Machine, names: readonly LaidAlgorithm[]): Drawing {
  const at = (name: string, size: number): number =>
    predict(machine, [even(size)], [name as LaidAlgorithm])[0].seconds[0];
  const curves = predict(machine, sizes, names).map(({ algorithm, seconds }) => ({ name: algorithm, y: seconds }));
  const crossings = crossingsOf(sizes, curves, at);
  const changes = crossings.map(({ from, to, x }) => `${from} is faster up to ${bytes(+x.toPrecision(2))}, then ${to}`);
  const about = [title, ...changes].join("; ");
  const plot: LogPlot = {
    title,
    about,
    xName: "bytes of the tensor",
    yName: "time of one allReduce, computed",
    x: sizes,
    curves,
    crossings,
    xTick: bytes,
    yTick: time,
  };
  return { title, about, text: () => logPlotText(plot), svg: () => logPlotSvg(plot) };
}

function bytes(value: number): string {
  const [unit, power] = ([["GB", 1e9], ["MB", 1e6], ["KB", 1e3]] as const).find(([, least]) => value >= least) ?? ["B", 1]; // biome-ignore format: one table
  return `${value / power} ${unit}`;
}

function time(value: number): string {
  if (value >= 1) return `${value} s`;
  return value >= 1e-3 ? `${+(value * 1e3).toPrecision(2)} ms` : `${+(value * 1e6).toPrecision(2)} µs`;
}
