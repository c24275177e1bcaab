/** Benches of one thing each: the start of a job, a paced link, reading a model. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../scripts.ts";
import { against, type Flags, type Measurement, type Progress, rows } from "./measure.ts";
import { runHelloPeer } from "./peers.ts";

export async function benchStartup(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const name = "hello-distributed";
  const command =
    flags.transport === "shm" ? ["run", name, "-n", "4"] : ["launch", "-n", "4", "--sockets", flags.transport, name];
  let ours = Infinity;
  let theirs = Infinity;
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`startup, round ${round} of ${flags.rounds}`);
    const start = performance.now();
    execFileSync(process.execPath, [join(root, "bin/worldsize.mjs"), ...command], { stdio: "ignore" });
    ours = Math.min(ours, (performance.now() - start) / 1e3);
    if (!flags.against.includes("gloo")) continue;
    try {
      theirs = Math.min(theirs, runHelloPeer(4));
    } catch (error) {
      process.stderr.write(`gloo failed in round ${round}: ${(error as Error).message.trim().split("\n").at(-1)}\n`);
    }
  }
  const own = {
    bench: "startup",
    case: `hello-distributed, 4 ranks, ${flags.transport}`,
    metric: "time",
    unit: "s",
    value: ours,
  };
  return against(flags, own, () => theirs);
}

/** A message over a paced link, against the time that the link's speed says. */
export async function benchLinks(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const link = { bytesPerSecond: 1e9, latency: 0.02 };
  const bytes = 64e6;
  const times: number[] = [];
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`links, round ${round} of ${flags.rounds}`);
    const found = await rows<{ milliseconds: number }>("links.ts", 2, { bytes }, { transport: flags.transport, link });
    times.push(...found.map(({ milliseconds }) => milliseconds));
  }
  times.sort((a, b) => a - b);
  const [best, median] = [times[0], times[Math.floor(times.length / 2)]];
  const wanted = (bytes / link.bytesPerSecond) * 1e3 + 2 * link.latency; // the message and its receipt
  const peer = { peer: "1 GB/s, 20 µs", peerValue: wanted };
  const own = { bench: "links", case: `64 MB, ${flags.transport}`, unit: "ms", ...peer };
  return [
    { ...own, metric: "best time", value: best, ratio: best / wanted },
    { ...own, metric: "median time", value: median, ratio: median / wanted },
  ];
}

/** Reading a model's folder, against copying it. */
export async function benchRead(flags: Flags, progress: Progress): Promise<Measurement[]> {
  progress("read: writing 500 MB, then reading and copying them");
  const [row] = await rows<{ milliseconds: number; copy: number; bytes: number }>("read.ts", 1, {
    rounds: flags.rounds,
  });
  const own = { bench: "read", case: `${Math.round(row.bytes / 1e6)} MB of safetensors, f32`, metric: "time" };
  const { milliseconds: value, copy: peerValue } = row;
  return [{ ...own, unit: "ms", value, peer: "cp -r (our time / its)", peerValue, ratio: value / peerValue }];
}
