// Every allReduce algorithm at every size, on this machine: measured, fitted to the alpha-beta
// model, and compared with it. Where do the curves cross, and where is the model wrong?
//
//   worldsize run benchmark-algorithms                         threads over shared memory
//   worldsize run benchmark-algorithms --transport tcp         processes
//   worldsize run benchmark-algorithms --link 1GB/s,20us       with links paced like a network's
//   worldsize run benchmark-algorithms --links dgx-h100        nothing measured: predicted for a described machine
//   worldsize bench algorithms                                 all transports, one after the other
import {
  type AllReduceAlgorithm,
  allReduceAlgorithms,
  allReduceCosts,
  busFactor,
  choice,
  defineScript,
  number,
} from "worldsize";
import {
  crossings,
  describedMachine,
  fitAlphaBeta,
  machineNames,
  type Prediction,
  parts,
  predict,
  protocols,
  ranksOf,
  type Timing,
  winners,
} from "worldsize/sim";

/** Relative error from which on the model counts as wrong. */
const WRONG = 0.5;

export default defineScript({
  about: "Times every allReduce algorithm at every size, fits alpha and beta, and finds the crossovers.",
  ranks: 4,
  options: {
    from: number(64, "smallest tensor, in bytes", { min: 4 }),
    to: number(4e6, "largest tensor, in bytes", { min: 4 }),
    rounds: number(3, "rounds; the best counts", { min: 1, integer: true }),
    budget: number(20, "milliseconds for each algorithm, size and round", { min: 1 }),
    links: choice("measured", ["measured", ...machineNames], "predict for a described machine in place of measuring"),
    nodes: number(1, "how many of the described machine", { min: 1, max: 64, integer: true }),
    protocol: choice("auto", ["auto", ...protocols], "NCCL's protocol for --links; auto: the fastest at each size"),
  },
  quick: { options: { from: 1000, to: 4000, rounds: 1, budget: 1 } },
  measured: [
    "(µs)",
    "(GB/s)",
    "log10 of microseconds",
    "fastest",
    "tree and",
    "doubling and",
    "halving and",
    "error",
    "off by half at",
  ],
  check: ({ from, to, links, protocol }) => {
    if (from > to) return `--from ${from} is more than --to ${to}: give the smaller size first.`;
    if (links === "measured" && protocol !== "auto")
      return `--protocol ${protocol} is for predictions: add --links dgx-h100, or another described machine.`;
    return undefined;
  },
  async main({ world, device, options, show, place, now }) {
    if (world.size === 1 && options.links === "measured") {
      show.line("One rank has nothing to send, and no algorithm to choose. Try -n 2, or --links dgx-h100.");
      return;
    }
    const sizes = sizesBetween(options.from, options.to);
    const names = allReduceAlgorithms.filter((name) => name !== "shared" || place.transport === "shm");
    let curves: { name: string; seconds: number[] }[];
    let predicted: Prediction[] = [];
    let ranks = world.size;

    if (options.links !== "measured") {
      if (world.rank > 0) return;
      const machine = describedMachine(options.links, options.nodes);
      ranks = ranksOf(machine).length;
      show.line(`Predicted for ${machine.name}, ${ranks} ranks: ${machine.about}. Nothing is measured here.`);
      predicted = predict(machine, sizes, undefined, options.protocol);
      curves = predicted.map(({ algorithm, seconds }) => ({ name: algorithm, seconds: [...seconds] }));
      const used = new Set(machine.links.map(({ part }) => part.name.replace(/ × \d+$/, "")));
      for (const part of Object.values(parts)) {
        if (!used.has(part.name.replace(/ × \d+$/, ""))) continue;
        const { ll, ll128, simple } = part.latency;
        const delays = [ll, ll128, simple].map((seconds) => (seconds * 1e6).toFixed(1));
        const delay = ll === simple ? delays[0] : `${delays.join(", ")} (LL, LL128, Simple)`;
        show.line(
          `  ${part.name}: ${(part.bandwidth / 1e9).toFixed(1)} GB/s each way, ${delay} µs. Source: ${part.source}.`,
        );
      }
    } else {
      curves = names.map((name) => ({ name, seconds: [] }));
      for (const bytes of sizes) {
        const x = device.zeros([bytes / 4]);
        const best = names.map(() => Infinity);
        for (let round = 0; round < options.rounds; round++) {
          // In every round each algorithm has its turn, so that a noisy moment hits all alike.
          for (const [i, algorithm] of names.entries()) {
            best[i] = Math.min(best[i], await time(algorithm, x));
          }
        }
        for (const [i, curve] of curves.entries()) curve.seconds.push(best[i]);
        x.dispose();
      }
    }
    if (world.rank > 0) return;

    // 1. What was measured, as nccl-tests would say it.
    const factor = busFactor("allReduce", ranks);
    show.table(
      sizes.map((bytes, i) => ({
        bytes,
        ...Object.fromEntries(
          curves.map(({ name, seconds }) => [`${name} (µs)`, Number((seconds[i] * 1e6).toPrecision(3))]),
        ),
      })),
      `Time of one allReduce on ${ranks} ranks`,
    );
    show.table(
      curves.map(({ name, seconds }) => {
        const i = sizes.length - 1;
        const algbw = sizes[i] / seconds[i] / 1e9;
        return { algorithm: name, "algbw (GB/s)": algbw, "busbw (GB/s)": algbw * factor };
      }),
      `At ${sizes.at(-1)} bytes: algbw = bytes / time, busbw = algbw × 2 (n - 1)/n = algbw × ${factor.toFixed(3)}`,
    );
    const usedProtocols = new Set(predicted.flatMap(({ protocols: used }) => used));
    if (usedProtocols.size > 1) {
      show.table(
        predicted.map(({ algorithm, protocols: used }) => ({
          algorithm,
          ...Object.fromEntries(
            protocols.toReversed().map((protocol) => {
              const own = sizes.filter((_, i) => used[i] === protocol);
              return [`${protocol} up to (bytes)`, own.at(-1)];
            }),
          ),
        })),
        "The fastest of NCCL's protocols at each size",
      );
    }
    show.plot(
      curves.map(({ name, seconds }) => ({ name, y: seconds.map((s) => Math.log10(s * 1e6)) })),
      `log10 of microseconds; sizes from ${sizes[0]} to ${sizes.at(-1)} bytes`,
    );

    // 2. Who wins where, and where curves cross.
    for (const { name, from, to } of winners(sizes, curves)) {
      show.line(`fastest ${from === to ? "at" : `from ${from} to`} ${to} bytes: ${name}`);
    }
    const curve = (name: string): number[] => curves.find((each) => each.name === name)?.seconds ?? [];
    for (const [a, b] of [
      ["tree", "ring"],
      ["doubling", "ring"],
      ["halving", "ring"],
    ] as const) {
      const found = crossings(sizes, curve(a), curve(b)).map((bytes) => `${Number((bytes / 1e3).toPrecision(2))} KB`);
      show.line(`${a} and ${b} cross ${found.length > 0 ? `at ${found.join(", ")}` : "nowhere in this range"}`);
    }

    // 3. Does the alpha-beta model hold? One alpha and one beta for each algorithm.
    show.table(
      curves.flatMap(({ name, seconds }) => {
        if (!(name in allReduceCosts)) return []; // shared and nvls are no chains of messages
        const { path } = allReduceCosts[name as Exclude<AllReduceAlgorithm, "shared">];
        const timings: Timing[] = sizes.map((bytes, i) => ({ bytes, seconds: seconds[i] }));
        const pathOf = (bytes: number) => path({ size: ranks, count: bytes / 4, itemBytes: 4 });
        const { alpha, beta, worst } = fitAlphaBeta(timings, pathOf);
        const off = timings.filter(({ bytes, seconds: s }) => {
          const { alphas, bytes: moved } = pathOf(bytes);
          return Math.abs(s / (alphas * alpha + moved * beta) - 1) > WRONG;
        });
        return [
          {
            algorithm: name,
            "alpha (µs)": Number((alpha * 1e6).toPrecision(3)),
            "1 / beta (GB/s)": beta > 0 ? Number((1 / beta / 1e9).toPrecision(3)) : undefined,
            "worst error": Number.isFinite(worst) ? `${Math.round(worst * 100)} %` : "no fit",
            "model is off by half at": off.length > 0 ? off.map(({ bytes }) => bytes).join(", ") : "no size",
          },
        ];
      }),
      "The alpha-beta model, fitted: time = sequential steps × alpha + bytes on the critical path × beta",
    );
    if (options.links === "measured") {
      show.line(
        "One alpha for each algorithm would be one for all if messages cost the same everywhere; what differs is what the model leaves out: adding up, caches, ranks that share a core.",
      );
    }

    /** Seconds of one allReduce, as the slowest rank sees it; all ranks agree on how often to repeat it. */
    async function time(algorithm: AllReduceAlgorithm, x: ReturnType<typeof device.zeros>): Promise<number> {
      await world.allReduce(x, "sum", { algorithm }); // warm up, and a first look at how long it takes
      const first = now();
      await world.allReduce(x, "sum", { algorithm });
      const [one] = await world.allGatherObject(now() - first);
      const times = Math.max(1, Math.min(200, Math.round(options.budget / Math.max(one, 1e-3))));
      await world.barrier();
      const start = now();
      for (let i = 0; i < times; i++) await world.allReduce(x, "sum", { algorithm });
      const all = await world.allGatherObject((now() - start) / times / 1e3);
      return Math.max(...all);
    }
  },
});

/** The ends, and 1, 2 and 5 of each power of ten between them: bytes of whole floats. */
function sizesBetween(from: number, to: number): number[] {
  const round = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
  const all = [from, ...round.filter((size) => size > from && size < to), to];
  return [...new Set(all.map((size) => 4 * Math.max(1, Math.round(size / 4))))];
}
