/**
 * `worldsize bench`: our times beside those of peers, in interleaved rounds of one run,
 * because only a ratio taken on the same machine at the same time means anything. The
 * best round of each counts.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import pc from "picocolors";
import { formatBytes } from "../../device/index.ts";
import type { Row } from "../../script/index.ts";
import { compileProgram } from "../../script/node/compile.ts";
import { runJob } from "../../script/node/job.ts";
import { table } from "../render.ts";
import { root, suggest, UsageError } from "../scripts.ts";
import {
  type Case,
  missingPeer,
  type PeerName,
  type PeerTime,
  peerNames,
  runGemmPeer,
  runHelloPeer,
  runPeer,
} from "./peers.ts";

/** One measured figure; `ratio` is ours over theirs. */
export interface Measurement {
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
  readonly peer?: string;
  readonly peerValue?: number;
  readonly ratio?: number;
}

interface Flags {
  readonly rounds: number;
  /** What the ranks talk over; tcp between processes of one host. */
  readonly transport: "shm" | "unix" | "tcp";
  readonly against: PeerName[];
  readonly json?: boolean;
}

type Progress = (text: string) => void;

const MIB = 2 ** 20;
/** Bytes of messages that processes send from a copy, as gloo and MPI do. */
const EAGER = 1024;

const benches: Record<
  string,
  { about: string; peers: readonly PeerName[]; run(flags: Flags, progress: Progress): Promise<Measurement[]> }
> = {
  "all-reduce": {
    about: "allReduce(sum, f32): bus bandwidth",
    peers: ["openmpi", "gloo"],
    run: benchAllReduce,
  },
  p2p: {
    about: "a message there and back between two ranks: half the round trip, bandwidth",
    peers: ["openmpi", "gloo"],
    run: benchPointToPoint,
  },
  gemm: {
    about: "a 1024³ matrix product on one core, and its share of the engine's peak",
    peers: ["tfjs"],
    run: benchGemm,
  },
  startup: {
    about: "hello-distributed on four ranks, from the shell to the prompt",
    peers: ["gloo"],
    run: benchStartup,
  },
};

/** @returns the exit code. */
export async function benchCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    const rows = Object.entries(benches).map(
      ([bench, { about, peers }]) => `  ${pc.cyan(bench.padEnd(12))}${about} (peers: ${peers.join(", ")})`,
    );
    process.stdout.write(
      `worldsize bench NAME [--against ${peerNames.join(",")}] [--rounds N] [--json]\n\n${rows.join("\n")}\n`,
    );
    return name ? 0 : 2;
  }
  const bench = benches[name];
  if (!bench) throw new UsageError(`There is no bench "${name}". ${suggest(name, Object.keys(benches))}`);
  const flags = parseFlags(name, rest);
  const against = flags.against.filter((peer) => {
    const reason = bench.peers.includes(peer) ? missingPeer(peer) : `${name} has no driver for ${peer}`;
    if (reason) process.stderr.write(`without ${peer}: ${reason}\n`);
    return reason === undefined;
  });
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim()}, ${formatBytes(totalmem())}, Node ${process.version}`;
  process.stderr.write(`${machine}\n`);
  const progress: Progress = (text) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`));
  const measurements = await bench.run({ ...flags, against }, progress);
  progress("");
  for (const measurement of measurements) {
    if (flags.json) process.stdout.write(`${JSON.stringify(measurement)}\n`);
  }
  if (!flags.json) process.stdout.write(`${table(measurements.map((m) => ({ ...m }) as Row)).join("\n")}\n`);
  return 0;
}

function parseFlags(name: string, args: readonly string[]): Flags {
  const command = new Command(`worldsize bench ${name}`)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .option("--json", "print one object a line")
    .option("--rounds <count>", "interleaved rounds; the best of each side counts", Number, 5)
    .addOption(
      new Option("--transport <name>", "threads over shared memory; processes over Unix sockets, or over TCP")
        .choices(["shm", "unix", "tcp"])
        .default("shm"),
    )
    .option("--against <peers>", `${peerNames.join(", ")}, where installed`, (text: string) => text.split(","), []);
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if ((error as { code?: string }).code === "commander.helpDisplayed") throw error;
    throw new UsageError((error as Error).message.replace(/^error: /, ""));
  }
  const flags = command.opts<Flags>();
  const unknown = flags.against.find((peer) => !peerNames.includes(peer));
  if (unknown) throw new UsageError(`There is no peer "${unknown}". ${suggest(unknown, peerNames)}`);
  return flags;
}

/** Runs a bench program on ranks. @returns the rows that rank 0 showed. */
async function rows<T>(
  file: string,
  ranks: number,
  options: Record<string, unknown>,
  transport: Flags["transport"] = "shm",
): Promise<T[]> {
  const found: T[] = [];
  const program = await compileProgram(join(root, "bench", file));
  const result = await runJob({
    program,
    ranks,
    options,
    transport: transport === "shm" ? "shm" : "tcp",
    eager: transport === "shm" ? 0 : EAGER,
    processes: { onlyTcp: transport === "tcp" },
    onShown: (_, shown) => void (shown.kind === "row" && found.push(shown.row as T)),
  });
  if (!result.ok) throw new Error(`The bench itself failed: ${result.failure?.message}`);
  return found;
}

/** Best seconds by size of everybody, in interleaved rounds. */
async function race(
  what: "all-reduce" | "p2p",
  ranks: number,
  cases: readonly Case[],
  flags: Flags,
  progress: Progress,
) {
  const best = new Map<string, number>();
  const note = (who: string, times: readonly PeerTime[]): void => {
    for (const { bytes, seconds } of times)
      best.set(`${who} ${bytes}`, Math.min(seconds, best.get(`${who} ${bytes}`) ?? Infinity));
  };
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`${what}, ${ranks} ranks, round ${round} of ${flags.rounds}: ours`);
    note(
      "ours",
      await rows<PeerTime>(
        `${what}.ts`,
        ranks,
        { cases: cases.map((pair) => pair.join("x")).join(",") },
        flags.transport,
      ),
    );
    for (const peer of flags.against as ("openmpi" | "gloo")[]) {
      progress(`${what}, ${ranks} ranks, round ${round} of ${flags.rounds}: ${peer}`);
      // Slow peers get fewer iterations; a round of theirs still takes longer than one of ours.
      const fewer = cases.map(
        ([bytes, count]): Case => [bytes, peer === "gloo" ? Math.max(2, Math.ceil(count / 20)) : count],
      );
      try {
        note(peer, runPeer(peer, what, ranks, fewer, flags.transport === "tcp"));
      } catch (error) {
        process.stderr.write(
          `${peer} failed in round ${round}: ${(error as Error).message.trim().split("\n").at(-1)}\n`,
        );
      }
    }
  }
  return (who: string, bytes: number): number => best.get(`${who} ${bytes}`) ?? Number.NaN;
}

/** Our figure alone, or once for each peer. */
function against(
  flags: Flags,
  own: Omit<Measurement, "peer" | "peerValue" | "ratio">,
  theirs: (peer: PeerName) => number,
): Measurement[] {
  if (flags.against.length === 0) return [own];
  return flags.against.map((peer) => ({ ...own, peer, peerValue: theirs(peer), ratio: own.value / theirs(peer) }));
}

/** Sizes and iterations, by number of ranks; separate processes get fewer iterations. */
function allReducePlans(transport: Flags["transport"]): [number, Case[]][] {
  if (transport !== "shm") {
    const cases = (small: number): Case[] => [
      [1024, small],
      [65_536, small / 4],
      [MIB, 40],
      [64 * MIB, 5],
    ];
    return [
      [2, cases(2000)],
      [4, cases(400)],
    ];
  }
  return [
    [
      2,
      [
        [1024, 100_000],
        [65_536, 10_000],
        [MIB, 2000],
        [64 * MIB, 5],
      ],
    ],
    [
      4,
      [
        [1024, 300],
        [65_536, 200],
        [MIB, 40],
        [64 * MIB, 5],
      ],
    ],
  ];
}

async function benchAllReduce(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const [ranks, cases] of allReducePlans(flags.transport)) {
    const seconds = await race("all-reduce", ranks, cases, flags, progress);
    for (const [bytes] of cases) {
      // Bus bandwidth as nccl-tests defines it: what each link carries, 2(n - 1)/n of the buffer.
      const bandwidth = (who: string): number => ((bytes / seconds(who, bytes)) * 2 * (ranks - 1)) / ranks / 1e9;
      const own = {
        bench: "all-reduce",
        case: `${formatBytes(bytes)}, ${ranks} ranks, ${flags.transport}`,
        metric: "bus bandwidth",
        unit: "GB/s",
        value: bandwidth("ours"),
      };
      measurements.push(...against(flags, own, bandwidth));
    }
  }
  return measurements;
}

async function benchPointToPoint(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const cases: Case[] = [
    [64, 5000],
    [65_536, 1000],
    [16 * MIB, 10],
  ];
  const seconds = await race("p2p", 2, cases, flags, progress);
  return cases.flatMap(([bytes]) => {
    const small = bytes < 4096;
    const value = (who: string): number =>
      small ? (seconds(who, bytes) / 2) * 1e6 : (2 * bytes) / seconds(who, bytes) / 1e9;
    const own = {
      bench: "p2p",
      case: `${formatBytes(bytes)}, ${flags.transport}`,
      metric: small ? "half round trip" : "bandwidth",
      unit: small ? "µs" : "GB/s",
      value: value("ours"),
    };
    return against(flags, own, value);
  });
}

async function benchGemm(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const size = 1024;
  let gemm = 0;
  let peak = 0;
  let peer = 0;
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`gemm, round ${round} of ${flags.rounds}`);
    const [row] = await rows<{ gemmGflops: number; peakGflops: number }>("gemm.ts", 1, { size });
    gemm = Math.max(gemm, row.gemmGflops);
    peak = Math.max(peak, row.peakGflops);
    if (flags.against.includes("tfjs")) peer = Math.max(peer, (2 * size ** 3) / runGemmPeer(size) / 1e9);
  }
  const own = { bench: "gemm", case: `${size}³, one core`, metric: "speed", unit: "GFLOP/s", value: gemm };
  return [
    { ...own, peer: "multiply-add loop", peerValue: peak, ratio: gemm / peak },
    ...(peer ? against(flags, own, () => peer) : []),
  ];
}

async function benchStartup(flags: Flags, progress: Progress): Promise<Measurement[]> {
  let ours = Infinity;
  let theirs = Infinity;
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`startup, round ${round} of ${flags.rounds}`);
    const start = performance.now();
    const name = "hello-distributed";
    const command =
      flags.transport === "shm" ? ["run", name, "-n", "4"] : ["launch", "-n", "4", "--sockets", flags.transport, name];
    execFileSync(process.execPath, [join(root, "bin/worldsize.mjs"), ...command], { stdio: "ignore" });
    ours = Math.min(ours, (performance.now() - start) / 1e3);
    if (flags.against.includes("gloo")) theirs = Math.min(theirs, runHelloPeer(4));
  }
  return against(
    flags,
    {
      bench: "startup",
      case: `hello-distributed, 4 ranks, ${flags.transport}`,
      metric: "time",
      unit: "s",
      value: ours,
    },
    () => theirs,
  );
}
