import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { machineSvg } from "../../src/draw/machine-svg.ts";
import { machineText } from "../../src/draw/machine-text.ts";
import {
  crossings,
  describedMachine,
  fitAlphaBeta,
  hopName,
  layOn,
  type Machine,
  machineNames,
  machineOfTopology,
  parseTopology,
  parts,
  ranksOf,
  readHost,
  wayBetween,
  winners,
} from "../../src/sim/index.ts";
import { runProgram } from "../helpers/jobs.ts";

const fixture = (name: string): string => readFileSync(`test/fixtures/${name}.txt`, "utf8");
const way = (machine: Machine, from: string, to: string): string =>
  wayBetween(machine, from, to)
    .map((hop) => `${hopName(hop)} (${hop.part.name})`)
    .join(", ");

describe("nvidia-smi topo -m", () => {
  it("of a DGX A100: an NVSwitch, because no GPU has 84 links", () => {
    const matrix = parseTopology(fixture("topo-dgx-a100"));
    expect(matrix.names).toHaveLength(16);
    expect(matrix.between.GPU0.GPU7).toBe("NV12");
    expect(matrix.numa.GPU4).toBe(7);
    const machine = machineOfTopology(matrix);
    expect(way(machine, "GPU 0", "GPU 7")).toBe("GPU 0 → NVSwitch (NVLink × 12), NVSwitch → GPU 7 (NVLink × 12)");
    expect(machine.devices.filter(({ kind }) => kind === "pcie")).toHaveLength(4);
    expect(way(machine, "GPU 2", "mlx5_3")).toMatch(/^GPU 2 → PCIe switch \d .*, PCIe switch \d → mlx5_3/);
  });

  it("of a DGX-1: links between fixed pairs, and a way around where there is none", () => {
    const machine = machineOfTopology(parseTopology(fixture("topo-dgx1-v100")));
    expect(machine.devices.some(({ kind }) => kind === "nvswitch")).toBe(false);
    expect(way(machine, "GPU 0", "GPU 3")).toBe("GPU 0 → GPU 3 (NVLink × 2)");
    expect(way(machine, "GPU 0", "GPU 7")).toContain("CPU 0 → CPU 1 (socket interconnect)");
    expect(machine.devices.filter(({ kind }) => kind === "cpu")).toHaveLength(2);
  });

  it("of a box without NVLink, with the header underlined as terminals get it", () => {
    const machine = machineOfTopology(parseTopology(fixture("topo-pcie-4")));
    expect(way(machine, "GPU 0", "GPU 1")).toBe("GPU 0 → CPU 0 (PCIe 4 x16), CPU 0 → GPU 1 (PCIe 4 x16)");
    expect(way(machine, "GPU 0", "GPU 3")).toContain("socket interconnect");
  });

  it("that is none, is cut off, or has an odd entry", () => {
    expect(() => parseTopology("No devices were found\n")).toThrow(/no output of `nvidia-smi topo -m`/);
    const text = fixture("topo-pcie-4");
    expect(() => parseTopology(text.split("\n").slice(0, 3).join("\n"))).toThrow("GPU2 is a column, but has no row");
    expect(() => parseTopology(text.replace("PHB", "QPI"))).toThrow('The row of GPU0 has "QPI", which is none of');
  });
});

it("a host's cores, caches and NUMA nodes", () => {
  const own = (cpu: number): Record<string, string> => ({
    [`cpu/cpu${cpu}/topology/thread_siblings_list`]: cpu % 2 === 0 ? `${cpu}-${cpu + 1}\n` : `${cpu - 1}-${cpu}\n`,
    [`cpu/cpu${cpu}/cache/index0/level`]: "1",
    [`cpu/cpu${cpu}/cache/index0/type`]: "Data",
    [`cpu/cpu${cpu}/cache/index0/size`]: "32K",
    [`cpu/cpu${cpu}/cache/index0/shared_cpu_list`]: cpu % 2 === 0 ? `${cpu}-${cpu + 1}` : `${cpu - 1}-${cpu}`,
    [`cpu/cpu${cpu}/cache/index3/level`]: "3",
    [`cpu/cpu${cpu}/cache/index3/type`]: "Unified",
    [`cpu/cpu${cpu}/cache/index3/size`]: "16384K",
    [`cpu/cpu${cpu}/cache/index3/shared_cpu_list`]: "0-3",
  });
  const files: Record<string, string> = { ...own(0), ...own(1), ...own(2), ...own(3), "node/node0/cpulist": "0-3\n" };
  const host = readHost(
    {
      read: (path) => files[path.replace("root/", "")],
      list: (path) => {
        const folder = `${path.replace("root/", "")}/`;
        const inside = Object.keys(files).filter((file) => file.startsWith(folder));
        return [...new Set(inside.map((file) => file.slice(folder.length).split("/")[0]))];
      },
    },
    "root",
  );
  expect(host?.cores).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(host?.caches.map(({ level, bytes, cpus }) => `${level} ${bytes} ${cpus.join()}`)).toEqual([
    "L1d 32768 0,1",
    "L1d 32768 2,3",
    "L3 16777216 0,1,2,3",
  ]);
  expect(host?.numa).toEqual([[0, 1, 2, 3]]);
  expect(readHost({ read: () => undefined, list: () => [] })).toBeUndefined();
});

describe("described machines", () => {
  it("name the source of every figure", () => {
    for (const part of Object.values(parts)) expect(part.source.length, part.name).toBeGreaterThan(20);
  });

  it.each(machineNames)("%s: every rank reaches every other, and is drawn", (name) => {
    const machine = describedMachine(name);
    const ranks = ranksOf(machine);
    for (const a of ranks)
      for (const b of ranks) if (a !== b) expect(wayBetween(machine, a.name, b.name).length).toBeGreaterThan(0);
    const layout = layOn(machine, "ring", 1e6);
    const text = machineText(machine, hopName(layout.loads[0].hop)).join("\n");
    for (const { name: device } of ranks.slice(0, 1)) expect(text).toContain(device);
    expect(text).toContain("bottleneck");
    expect(machineSvg(machine, layout)).toContain("bottleneck");
  });

  it("a ring on a DGX H100 stays on NVLink and comes near to its speed", () => {
    const { loads, busbw } = layOn(describedMachine("dgx-h100"), "ring", 1e9);
    expect(loads[0].hop.part).toBe(parts.nvlink4);
    expect(busbw / parts.nvlink4.bandwidth).toBeGreaterThan(0.97);
    expect(busbw / parts.nvlink4.bandwidth).toBeLessThanOrEqual(1);
  });

  it("between nodes, a hierarchy loads each rail with an eighth of what the ring puts on one", () => {
    const machine = describedMachine("dgx-h100", 2);
    const [ring, tiers] = [layOn(machine, "ring", 64e6), layOn(machine, "hierarchical", 64e6)];
    expect(ring.loads[0].hop.part.name).toContain("InfiniBand");
    expect(tiers.loads[0].bytes / ring.loads[0].bytes).toBeLessThan(0.15);
    expect(ring.seconds / tiers.seconds).toBeGreaterThan(3);
  });

  it("that cannot be", () => {
    expect(() => describedMachine("laptop", 2)).toThrow("A laptop stands alone");
    expect(() => describedMachine("dgx-h100", 0)).toThrow("0 nodes: give 1 to 64.");
  });
});

describe("fits and crossings", () => {
  it("find the alpha and beta that made the times", () => {
    const path = (bytes: number) => ({ alphas: 6, bytes: 1.5 * bytes });
    const timings = [64, 1000, 1e5, 1e7].map((bytes) => ({ bytes, seconds: 6 * 5e-6 + 1.5 * bytes * 1e-10 }));
    const { alpha, beta, worst } = fitAlphaBeta(timings, path);
    expect(alpha).toBeCloseTo(5e-6, 12);
    expect(beta).toBeCloseTo(1e-10, 16);
    expect(worst).toBeLessThan(1e-9);
  });

  it("find where curves cross, and who wins", () => {
    const sizes = [10, 100, 1000, 10_000];
    const a = sizes.map(() => 1);
    const b = sizes.map((size) => size / 300);
    expect(crossings(sizes, a, b)[0]).toBeCloseTo(300, 0);
    expect(
      winners(sizes, [
        { name: "a", seconds: a },
        { name: "b", seconds: b },
      ]),
    ).toEqual([
      { name: "b", from: 10, to: 100 },
      { name: "a", from: 1000, to: 10_000 },
    ]);
  });
});

it.each([
  ["measured", 3, { from: 64, to: 7000, rounds: 1, budget: 1 }, 3],
  ["predicted", 1, { links: "dgx-h100", from: 1000, to: 1e6 }, 8],
] as const)("benchmark-algorithms, %s: busbw is what nccl-tests compute", async (_, ranks, options, n) => {
  const script = "course/part1-distributed/chapter04-algorithms/scripts/benchmark-algorithms.ts";
  const { shown, failure } = await runProgram(script, { ranks, options });
  expect(failure?.message).toBeUndefined();
  const tables = shown.flatMap(({ shown: what }) => (what.kind === "table" ? [what.rows] : []));
  const [times, speeds] = tables as Record<string, number | string>[][];
  const last = times.at(-1) as Record<string, number>;
  expect(speeds.length).toBeGreaterThanOrEqual(7);
  for (const { algorithm, "algbw (GB/s)": algbw, "busbw (GB/s)": busbw } of speeds) {
    expect(Number(busbw) / Number(algbw)).toBeCloseTo((2 * (n - 1)) / n, 9);
    expect(Number(algbw) / (last.bytes / last[`${algorithm} (µs)`] / 1e3)).toBeCloseTo(1, 1);
  }
});
