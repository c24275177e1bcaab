// `npm run figures`: draws the course's pictures anew, from runs of its programs and on virtual time.
// They are kept in git, so that a forge can show them; test/whole/figures.test.ts draws them again and compares.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { structureFigures } from "./figures/structure.mjs";
import { prepare } from "./setup.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const part1 = "course/part1-distributed";

/** Every picture: its path, and how it is made. */
export async function drawFigures() {
  const { compileAnswer, compileProgram, courseExercises, loadExercise, runJob, runOnce } = await import(
    "../dist/testing.js"
  );
  const { ladderSvg, logPlotSvg, machineSvg, sequenceOf, sequenceSvg } = await import("../dist/draw.js");
  const { describedMachine, layOn, predict } = await import("../dist/sim.js");

  /** Messages of an exercise's starter or solution, of its first operations only if so many are given. */
  const exercise = async (number, answer, world, first = Infinity) => {
    const { file, folder } = courseExercises().find((each) => each.number === number);
    const program = await compileAnswer(file, join(folder, `${answer}.ts`));
    const settings = { world, transport: "local", seed: 1, interleaving: undefined, variant: 0 };
    const { result } = await runOnce(await loadExercise(file), program, settings);
    const begun = ({ events, ...rest }) => ({ ...rest, events: events.filter(({ operation }) => operation < first) });
    return sequenceOf(result.records.map(({ traffic }) => begun(traffic)));
  };
  /** Messages of a script. */
  const script = async (path, ranks, options) => {
    const program = await compileProgram(join(root, part1, path));
    const { records } = await runJob({ program, ranks, options, transport: "local", recorded: true });
    return sequenceOf(records.map(({ traffic }) => traffic));
  };

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
  const one = `${part1}/chapter01-first-program/figures`;
  const two = `${part1}/chapter02-point-to-point/figures`;
  const three = `${part1}/chapter03-collectives/figures`;
  const four = `${part1}/chapter04-algorithms/figures`;
  return {
    "course/figures/memory-hierarchy.svg": ladderSvg("What feeds an H100, from the inside out", memory),
    [`${one}/rendezvous-to-sum.svg`]: sequenceSvg(
      await exercise("1.1", "solution", 4),
      "Four ranks count themselves: one allReduce of four bytes",
    ),
    [`${two}/chain.svg`]: sequenceSvg(
      await script("chapter02-point-to-point/scripts/send-recv-basic.ts", 4),
      "A tensor travels down a chain of ranks",
    ),
    [`${two}/exchange.svg`]: sequenceSvg(
      await exercise("2.4", "solution", 3),
      "The same exchange, all operations under way at once",
    ),
    [`${three}/ring-all-reduce.svg`]: sequenceSvg(
      await exercise("3.3", "solution", 3),
      "Ring allReduce on three ranks: two steps that add, two that copy",
    ),
    [`${three}/argmax.svg`]: sequenceSvg(
      await exercise("3.2", "solution", 2, 3),
      "Three small collectives find the largest number",
    ),
    [`${four}/tree-broadcast.svg`]: sequenceSvg(
      await exercise("4.4", "solution", 8),
      "A broadcast to eight ranks in three rounds",
    ),
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
    ...(await structureFigures()),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare({ development: false });
  for (const [path, svg] of Object.entries(await drawFigures())) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), svg);
    console.log(`${path} (${(svg.length / 1024).toFixed(1)} KiB)`);
  }
}
