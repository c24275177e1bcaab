import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { machineSvg } from "../../src/draw/machine-svg.ts";
import { machineText } from "../../src/draw/machine-text.ts";
import {
  crossings,
  describedMachine,
  fitAlphaBeta,
  type Hop,
  hopName,
  laidAlgorithms,
  layOn,
  type Machine,
  machineNames,
  machineOfTopology,
  networkOf,
  parseTopology,
  parts,
  predict,
  protocols,
  Router,
  ranksOf,
  readHost,
  runVirtual,
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

  it("two and four DGX H100: the hierarchy uses all eight cards alike, and the ring one", () => {
    for (const [nodes, bytes, reach, perCard] of [
      [2, 640e6, 280e9, 80e6],
      [4, 256e6, 230e9, 48e6],
    ] as const) {
      const machine = describedMachine("dgx-h100", nodes);
      const [ring, tiers] = [layOn(machine, "ring", bytes), layOn(machine, "hierarchical", bytes)];
      const onCards = tiers.loads.filter(({ hop }) => hop.from.includes("NIC") && hop.to.startsWith("rail"));
      expect(onCards).toHaveLength(8 * nodes);
      for (const { bytes: carried } of onCards) expect(carried).toBe(perCard);
      expect(tiers.busbw).toBeGreaterThanOrEqual(reach);
      expect(ring.busbw).toBeLessThan(parts.ndr400.bandwidth);
      expect(ring.loads[0].hop.part.name).toContain("InfiniBand");
    }
  });

  it("are wired as their makers say: cards per GPU, switches, sockets", () => {
    const count = (machine: Machine, kind: string) => machine.devices.filter((device) => device.kind === kind).length;
    const [a100, h100] = [describedMachine("dgx-a100"), describedMachine("dgx-h100")];
    expect(["gpu", "nic", "pcie", "cpu"].map((kind) => count(a100, kind))).toEqual([8, 8, 4, 2]);
    expect(["gpu", "nic", "pcie", "cpu"].map((kind) => count(h100, kind))).toEqual([8, 8, 8, 2]);
    // DGX H100 user guide, Table 6: each ConnectX-7 belongs to one GPU; GPUs 0 to 3 hang on the first socket.
    for (let i = 0; i < 8; i++) {
      expect(wayBetween(h100, `GPU ${i}`, `NIC ${i}`)).toHaveLength(2);
      expect(wayBetween(h100, `GPU ${i}`, `CPU ${i >> 2}`)).toHaveLength(2);
    }
    // `nvidia-smi topo -m` of a DGX A100: two GPUs are as near to both cards of their switch.
    for (let i = 0; i < 8; i++) expect(wayBetween(a100, `GPU ${i}`, `NIC ${i ^ 1}`)).toHaveLength(2);
  });

  it("that cannot be", () => {
    expect(() => describedMachine("laptop", 2)).toThrow("A laptop stands alone");
    expect(() => describedMachine("dgx-h100", 0)).toThrow("0 nodes: give 1 to 2,048.");
  });
});

describe("ways", () => {
  const machines = [
    ...machineNames.map((name) => describedMachine(name)),
    describedMachine("dgx-a100", 2),
    describedMachine("dgx-h100", 3),
    ...["topo-dgx-a100", "topo-dgx1-v100", "topo-pcie-4"].map((name) =>
      machineOfTopology(parseTopology(fixture(name))),
    ),
  ];
  const seconds = (hops: readonly Hop[]): number => hops.reduce((sum, { part }) => sum + 1 / part.bandwidth, 0);
  const shuffled = <T>(items: readonly T[], keys: readonly number[]): T[] =>
    items
      .map((item, i) => ({ item, key: keys[i % keys.length] * 7919 + i * 31 }))
      .sort((a, b) => (a.key % 1009) - (b.key % 1009))
      .map(({ item }) => item);

  it("by rule are as short as those that a search finds", () => {
    for (const machine of machines) {
      const router = new Router(machine);
      const ranks = ranksOf(machine);
      for (const { name: from } of ranks.slice(0, 9))
        for (const { name: to } of ranks) {
          if (from === to) continue;
          const [rule, search] = [router.way(from, to), router.search(from, to)];
          expect(rule.map(({ from: name }) => name)[0]).toBe(from);
          expect(rule.at(-1)?.to).toBe(to);
          expect(seconds(rule) / seconds(search), `${machine.name}: ${from} to ${to}`).toBeCloseTo(1, 9);
          expect(rule.length).toBe(search.length);
        }
    }
  });

  it("do not depend on the order of links and devices, nor on which end a link names first", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...machines.keys()), // a number, so that what fails is told in a line
        fc.array(fc.nat(1000), { minLength: 5, maxLength: 50 }),
        (which, keys) => {
          const machine = machines[which];
          const links = shuffled(machine.links, keys).map((link, i) =>
            keys[i % keys.length] % 2 === 0 ? link : { ...link, a: link.b, b: link.a },
          );
          // Ranks keep their order, because it gives their numbers.
          const others = machine.devices.filter(({ kind }) => kind !== "gpu" && kind !== "core");
          const devices = [...shuffled(others, keys), ...ranksOf(machine)];
          for (const rule of [machine.rule, undefined]) {
            const [one, two] = [new Router({ ...machine, rule }), new Router({ ...machine, rule, links, devices })];
            const ranks = ranksOf(machine);
            for (const { name: from } of ranks.slice(0, 8))
              for (const { name: to } of ranks.slice(-8))
                if (from !== to) expect(two.way(from, to).map(hopName)).toEqual(one.way(from, to).map(hopName));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("load equal links alike: the rails of nodes, and any switches that stand side by side", () => {
    // Algorithms in which each rank does the same as its neighbours.
    for (const machine of [
      describedMachine("dgx-a100", 2),
      describedMachine("dgx-h100", 3),
      describedMachine("dgx-a100", 4),
    ])
      for (const bytes of [4e6, 64e6])
        for (const algorithm of ["hierarchical", "one-shot"] as const) {
          const { loads } = layOn(machine, algorithm, bytes, "simple");
          let largest = 0;
          runVirtual(networkOf(machine), algorithm, bytes / 4, 4, (_from, _to, size) => {
            largest = Math.max(largest, size);
          });
          for (const kind of [/NIC \d → rail/, /rail \d → node/, /GPU \d → node \d NVSwitch/]) {
            const own = loads.filter(({ hop }) => kind.test(hopName(hop))).map((load) => load.bytes);
            expect(own.length).toBeGreaterThanOrEqual(16);
            expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(largest);
          }
        }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 7 }), (count, switches) => {
        // So many GPUs on either side, and equal switches between the sides.
        const devices = [
          ...Array.from({ length: 2 * count }, (_, i) => ({
            name: `GPU ${i}`,
            kind: "gpu" as const,
            node: Math.floor(i / count),
          })),
          ...Array.from({ length: switches }, (_, i) => ({ name: `switch ${i}`, kind: "switch" as const, node: -1 })),
        ];
        const links = devices
          .slice(0, 2 * count)
          .flatMap(({ name }) =>
            Array.from({ length: switches }, (_, i) => ({ a: name, b: `switch ${i}`, part: parts.ndr400 })),
          );
        const router = new Router({ name: "two sides", about: "", devices, links });
        const used = Array<number>(switches).fill(0);
        for (let i = 0; i < count; i++) {
          const [first] = router.way(`GPU ${i}`, `GPU ${count + i}`);
          used[Number(first.to.slice(7))]++;
        }
        expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("NCCL's protocols and the switch that adds", () => {
  const h100 = describedMachine("dgx-h100");

  it("LL for the smallest, Simple for the largest, and auto is never slower than any", () => {
    const sizes = [64, 4096, 262_144, 4e6, 64e6, 1e9];
    for (const { algorithm, seconds, protocols: used } of predict(h100, sizes)) {
      if (algorithm === "nvls") continue;
      expect([algorithm, used[0], used.at(-1)]).toEqual([algorithm, "ll", "simple"]);
      for (const protocol of protocols) {
        const [only] = predict(h100, sizes, [algorithm], protocol);
        for (const [i, time] of only.seconds.entries()) expect(seconds[i]).toBeLessThanOrEqual(time);
      }
    }
  });

  it("a message takes the protocol's latency, and its part of the bandwidth", () => {
    for (const [protocol, alpha, share] of [
      ["simple", 3.4e-6, 1],
      ["ll128", 1.9e-6, 0.9375],
      ["ll", 0.6e-6, 0.5],
    ] as const) {
      const route = networkOf(h100, protocol).route(0, 5);
      expect(route.alpha).toBeCloseTo(alpha, 12);
      expect(1 / route.beta / 450e9).toBeCloseTo(share, 9);
    }
  });

  it("nvls: (1 + 1/n) of the tensor over each link, and a bus bandwidth above the wire's", () => {
    const { loads, busbw, algbw } = layOn(h100, "nvls", 4e9);
    expect(loads).toHaveLength(16);
    for (const { bytes } of loads) expect(bytes).toBeCloseTo(4.5e9, 0);
    expect(busbw).toBeGreaterThan(parts.nvlink4.bandwidth);
    expect(algbw).toBeLessThan(parts.nvlink4.bandwidth);
    expect(laidAlgorithms(describedMachine("dgx-a100"))).not.toContain("nvls");
    expect(() => layOn(describedMachine("dgx-h100", 2), "nvls", 1e6)).toThrow("nvls is the NVSwitch of one node");
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
