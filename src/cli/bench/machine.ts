/** Benches of the device: its kernels, what a launch costs, what overlap hides. */
import { type Flags, type Measurement, type Progress, rows } from "./measure.ts";
import { type KernelPeer, runKernelPeer } from "./peers.ts";

/** Runs a bench program in each round, and keeps the least of each number. */
async function least(
  flags: Flags,
  progress: Progress,
  name: string,
  round: () => Promise<Record<string, number>>,
): Promise<Record<string, number>> {
  const best: Record<string, number> = {};
  for (let i = 1; i <= flags.rounds; i++) {
    progress(`${name}, round ${i} of ${flags.rounds}`);
    for (const [key, value] of Object.entries(await round())) best[key] = Math.min(best[key] ?? Infinity, value);
  }
  return best;
}

interface KernelRow {
  readonly name: string;
  readonly milliseconds: number;
  /** Bytes moved; 0 where arithmetic counts. */
  readonly bytes: number;
}

/** What of the kernels' bench a peer does as well. */
const peerCases = [
  ["attention", "torch", "attention", 1024],
  ["int8 matrix-vector", "node-llama-cpp", "int8", 4096],
  ["int4 matrix-vector", "node-llama-cpp", "int4", 4096],
] as const;

/** Kernels that only stream, against copying memory; attention against torch's, quantized weights against ggml's. */
export async function benchKernels(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const bytes = new Map<string, number>();
  const wanted = peerCases.filter(([, peer]) => flags.against.includes(peer));
  const best = await least(flags, progress, "kernels", async () => {
    const found = await rows<KernelRow>("kernels.ts", 1, {});
    for (const row of found) bytes.set(row.name, row.bytes);
    const theirs = wanted.map(
      ([name, peer, what, size]) => [`${peer}: ${name}`, runKernelPeer(peer, what, size)] as const,
    );
    return Object.fromEntries([...found.map(({ name, milliseconds }) => [name, milliseconds] as const), ...theirs]);
  });
  const speed = (name: string): number => (bytes.get(name) ?? 0) / best[name] / 1e6;
  return [...bytes].map(([name, moved]): Measurement => {
    const own = { bench: "kernels", case: name };
    if (moved > 0) {
      const compared = { peer: "memory.copy", peerValue: speed("copy"), ratio: speed(name) / speed("copy") };
      return { ...own, metric: "bytes moved", unit: "GB/s", value: speed(name), ...(name === "copy" ? {} : compared) };
    }
    const timed = { ...own, metric: "time", unit: "ms", value: best[name] };
    const peer = wanted.find(([same]) => same === name)?.[1];
    const theirs = best[`${peer}: ${name}`];
    return peer
      ? { ...timed, peer: `${peer} (its time / ours)`, peerValue: theirs, ratio: theirs / best[name] }
      : timed;
  });
}

type LaunchRow = Readonly<Record<"byName" | "byMethod" | "byTape" | "byGraph" | "bare" | "steps", number>>;

const method = "eager, by a tensor method";

/** What launching costs the host, and what a thread for the stream saves it. */
export async function benchLaunch(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const best = await least(flags, progress, "launch", async () => {
    const [inline] = await rows<LaunchRow>("launch.ts", 1, {}, { streams: "inline" });
    const [threaded] = await rows<LaunchRow>("launch.ts", 1, {}, { streams: "threaded" });
    const each = 400;
    const theirs = flags.against.map((peer) => [peer, (runKernelPeer(peer as KernelPeer, "add", each) * 1e6) / each]);
    return {
      ...(Object.fromEntries(theirs) as Record<string, number>),
      "eager, by name": threaded.byName,
      [method]: threaded.byMethod,
      "by a tensor method, with an entry on the tape": threaded.byTape,
      "a graph's node, threaded": threaded.byGraph,
      "a graph's node, inline, without the kernel": inline.byGraph - inline.bare,
      inline: inline.steps,
      threaded: threaded.steps,
    };
  });
  const { inline, threaded, ...hosts } = best;
  const own = Object.keys(hosts).filter((name) => !flags.against.includes(name as KernelPeer));
  const costs = own.map((name) => ({
    bench: "launch",
    case: name,
    metric: "host time",
    unit: "ns",
    value: hosts[name],
  }));
  const compared = flags.against.map((peer) => ({
    ...costs.find(({ case: name }) => name === method)!,
    peer: `${peer}, and its kernel`,
    peerValue: hosts[peer],
    ratio: hosts[method] / hosts[peer],
  }));
  const step = { bench: "launch", case: "200 small kernels and 1 ms of host work", metric: "step", unit: "ms" };
  return [
    ...costs,
    ...compared,
    { ...step, value: threaded, peer: "inline", peerValue: inline, ratio: threaded / inline },
  ];
}

/** Twelve products and allReduces over a link of 1 GB/s, overlapped against one after the other. */
export async function benchOverlap(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const link = { bytesPerSecond: 1e9, latency: 0.02 };
  const best = await least(flags, progress, "overlap", async () => {
    const [row] = await rows<{ sequential: number; overlapped: number; same: boolean }>(
      "overlap.ts",
      2,
      {},
      { streams: "threaded", link },
    );
    if (!row.same) throw new Error("Overlapped sums differ from those one after the other.");
    return { sequential: row.sequential, overlapped: row.overlapped };
  });
  const own = {
    bench: "overlap",
    case: "12 × (GEMM 512³, allReduce 4 MB), 2 ranks, 1 GB/s",
    metric: "time",
    unit: "ms",
  };
  const { sequential, overlapped } = best;
  return [
    { ...own, value: overlapped, peer: "one after the other", peerValue: sequential, ratio: overlapped / sequential },
  ];
}

/** What `bench/hidden.ts` measures, in milliseconds. */
interface HiddenRow {
  readonly alone: number;
  readonly forward: number;
  readonly sequential: number;
  readonly overlapped: number;
}

/** Data-parallel steps whose messages travel after backward, or while it goes on: the share of their time that is hidden. */
export async function benchHidden(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const [kind, megabytes] of [
    ["ddp", 85],
    ["fsdp", 200],
  ] as const) {
    const link = { bytesPerSecond: megabytes * 1e6, latency: 0.02 };
    const best = await least(flags, progress, `hidden ${kind}`, async () => {
      const [row] = await rows<HiddenRow>("hidden.ts", 2, { kind }, { streams: "threaded", link });
      const { alone, forward, sequential, overlapped } = row;
      return { alone, forward, sequential, overlapped };
    });
    const [backward, communication] = [best.alone - best.forward, best.sequential - best.alone];
    const hidden = (best.sequential - best.overlapped) / Math.min(communication, backward);
    const own = { bench: "hidden", case: `${kind}, 2 ranks, ${megabytes} MB/s` };
    measurements.push(
      { ...own, metric: "step, one after the other", unit: "ms", value: best.sequential },
      { ...own, metric: "step, overlapped", unit: "ms", value: best.overlapped },
      { ...own, metric: "communication / backward", unit: "", value: communication / backward },
      { ...own, metric: "hidden", unit: "", value: hidden },
    );
  }
  return measurements;
}
