/**
 * `worldsize bench train`: steps of a small language model beside the same model in others, with a native BLAS and
 * on WASM alone, on one thread and on two. Each is a process of its own, so that threads and libraries begin afresh.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { openedBlas } from "../../job/node/blas/choice.ts";
import { root } from "../scripts.ts";
import type { Flags, Measurement, Progress } from "./measure.ts";
import { runDdpPeer, runStepPeer, type StepPeer } from "./peers.ts";

/** Steps of each side in a round, after one that does not count. */
const STEPS = 2;

interface StepRow {
  readonly milliseconds: number;
  readonly "peak bytes": number;
  readonly "reserved bytes": number;
}

/** Ours: which BLAS, and how many threads. */
interface Side {
  readonly name: string;
  readonly blas: boolean;
  readonly threads: number;
  readonly ranks?: number;
  /** Flags of the program, and of the run. */
  readonly more?: readonly string[];
}

/** Runs our steps in a process of its own. */
function ourSteps({ blas, threads, ranks = 1, more = [] }: Side): StepRow {
  const program = join(root, "bench/train.ts");
  const command = [join(root, "bin/worldsize.mjs"), "run", program, "-n", String(ranks), "--json", ...more];
  const printed = execFileSync(
    process.execPath,
    [...command, "--rounds", String(STEPS), "--helpers", String(threads - 1)],
    { encoding: "utf8", env: { ...process.env, ...(blas ? {} : { WORLDSIZE_BLAS: "off" }) } },
  );
  const line = printed.split("\n").find((each) => each.includes('"kind":"row"'));
  return (JSON.parse(line ?? "{}") as { row: StepRow }).row;
}

/** What of the bench a peer is measured against: torch with as many threads, the others on one. */
function peersOf(flags: Flags, { blas, threads }: Side): StepPeer[] {
  const known = (["torch", "tfjs", "jax-js"] as const).filter((peer) => flags.against.includes(peer));
  return known.filter((peer) => peer === "torch" || (!blas && threads === 1));
}

export async function benchTrain(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const { choice } = await openedBlas();
  const core = choice?.core;
  const sides: Side[] = [1, 2].flatMap((threads) => [
    ...(choice ? [{ name: `BLAS, ${threads} thread${threads > 1 ? "s" : ""}`, blas: true, threads }] : []),
    { name: `WASM, ${threads} thread${threads > 1 ? "s" : ""}`, blas: false, threads },
  ]);
  const best = new Map<string, number>();
  const keep = (name: string, value: number): void => void best.set(name, Math.min(best.get(name) ?? Infinity, value));
  for (let round = 1; round <= flags.rounds; round++) {
    for (const side of sides) {
      progress(`train, round ${round} of ${flags.rounds}: ${side.name}`);
      const row = ourSteps(side);
      keep(side.name, row.milliseconds);
      keep("peak", row["reserved bytes"] / row["peak bytes"]);
      for (const peer of peersOf(flags, side)) {
        keep(`${peer} ${side.threads}`, runStepPeer(peer, side.threads, STEPS, core));
      }
    }
  }
  const own = { bench: "train", metric: "step", unit: "ms" };
  const rows = sides.flatMap((side): Measurement[] => {
    const value = best.get(side.name) as number;
    const compared = peersOf(flags, side).map((peer): Measurement => {
      const peerValue = best.get(`${peer} ${side.threads}`) as number;
      return { ...own, case: side.name, value, peer: `${peer} (its time / ours)`, peerValue, ratio: peerValue / value };
    });
    return compared.length > 0 ? compared : [{ ...own, case: side.name, value }];
  });
  const ratio = best.get("peak") as number;
  return [
    ...rows,
    { bench: "train", case: "memory", metric: "reserved / live tensors at the peak", unit: "", value: ratio },
  ];
}

/**
 * `worldsize bench ddp`: steps of the same model with a head of its own (13.9 million parameters) on two ranks of one
 * thread that sum their gradients, beside torch's DDP over gloo; and on one rank alone, beside torch alone, in the same
 * rounds. What summing costs shows in the ratio of the ratios.
 */
export async function benchDdp(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const { choice } = await openedBlas();
  const side: Side = { name: "one rank", blas: choice !== undefined, threads: 1, more: ["--untied"] };
  const torch = flags.against.includes("torch");
  const best = new Map<string, number>();
  const keep = (name: string, value: number): void => void best.set(name, Math.min(best.get(name) ?? Infinity, value));
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`ddp, round ${round} of ${flags.rounds}`);
    keep("one rank", ourSteps(side).milliseconds);
    if (torch) keep("torch, one rank", runStepPeer("torch", 1, STEPS, choice?.core, ["untied"]));
    for (const streams of ["inline", "threaded"]) {
      const more = ["--untied", "--streams", streams];
      keep(`two ranks, streams ${streams}`, ourSteps({ ...side, ranks: 2, more }).milliseconds);
    }
    if (torch) keep("torch, two ranks", runDdpPeer(2, STEPS, choice?.core));
  }
  const own = { bench: "ddp", metric: "step", unit: "ms" };
  const names = [...best.keys()].filter((name) => !name.startsWith("torch"));
  return names.map((name) => {
    const value = best.get(name) as number;
    const peerValue = best.get(name === "one rank" ? "torch, one rank" : "torch, two ranks");
    const measured = { ...own, case: name, value };
    return peerValue === undefined
      ? measured
      : { ...measured, peer: "torch (its time / ours)", peerValue, ratio: peerValue / value };
  });
}
