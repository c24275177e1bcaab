/**
 * `worldsize bench`: our times beside those of peers, in interleaved rounds of one run,
 * because only a ratio taken on the same machine at the same time means anything. The
 * best round of each counts.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { formatBytes } from "../../device/index.ts";
import type { Row } from "../../script/index.ts";
import { isTyped } from "../ignored.ts";
import type { Output } from "../output.ts";
import { wholeNumber } from "../program-flags.ts";
import { table } from "../render.ts";
import { suggest, UsageError } from "../scripts.ts";
import { benchDecode } from "./decode.ts";
import { benchGemm } from "./gemm.ts";
import { benchGraphs } from "./graphs.ts";
import { benchHttp } from "./http.ts";
import { benchHidden, benchKernels, benchLaunch, benchOverlap } from "./machine.ts";
import type { Flags, Measurement, Progress } from "./measure.ts";
import { benchAllReduce, benchPieces, benchPointToPoint } from "./messages.ts";
import { missingPeer, type PeerName, peerNames } from "./peers.ts";
import { benchPipeline } from "./pipeline.ts";
import { benchSchedule } from "./schedule.ts";
import { benchLinks, benchRead, benchStartup } from "./singles.ts";
import { benchDdp, benchTrain } from "./training.ts";

const benches: Record<
  string,
  {
    about: string;
    peers: readonly PeerName[];
    /** Whether ranks talk in it, over what --transport says. */
    talks?: boolean;
    run(flags: Flags, progress: Progress): Promise<Measurement[]>;
  }
> = {
  "all-reduce": {
    about: "allReduce(sum, f32): bus bandwidth",
    peers: ["openmpi", "gloo"],
    talks: true,
    run: benchAllReduce,
  },
  pieces: {
    about: "allGather and reduceScatter(sum), f32: bus bandwidth",
    peers: ["openmpi"],
    talks: true,
    run: benchPieces,
  },
  p2p: {
    about: "a message there and back between two ranks: half the round trip, bandwidth",
    peers: ["openmpi", "gloo"],
    talks: true,
    run: benchPointToPoint,
  },
  gemm: {
    about: "matrix products: one core against the engine's peak, two cores against one, a native BLAS",
    peers: ["torch", "tfjs", "jax-js", "onnxruntime", "node-llama-cpp"],
    run: benchGemm,
  },
  startup: {
    about: "hello-distributed on four ranks, from the shell to the prompt",
    peers: ["gloo"],
    talks: true,
    run: benchStartup,
  },
  kernels: {
    about: "fused kernels: bytes moved against memory.copy, products and attention",
    peers: ["torch", "node-llama-cpp"],
    run: benchKernels,
  },
  launch: {
    about: "what a launch costs the host: eager, as a graph's node; steps with host work, threaded against inline",
    peers: ["torch", "tfjs"],
    run: benchLaunch,
  },
  overlap: {
    about: "products and allReduces over a slow link: overlapped against one after the other",
    peers: [],
    run: benchOverlap,
  },
  hidden: {
    about: "data-parallel steps over a slow link: how much of the messages' time is hidden",
    peers: [],
    run: benchHidden,
  },
  train: {
    about: "steps of a small language model: with a native BLAS, and on WASM alone",
    peers: ["torch", "tfjs", "jax-js"],
    run: benchTrain,
  },
  ddp: {
    about: "the same on two ranks that sum their gradients, and on one",
    peers: ["torch"],
    run: benchDdp,
  },
  pipeline: {
    about: "steps of 8 micro-batches: two stages on two ranks, by each schedule, against one rank",
    peers: [],
    run: benchPipeline,
  },
  decode: {
    about: "tokens of a Llama of 100 million parameters in 8 bits, one by one, on WASM",
    peers: ["node-llama-cpp"],
    run: benchDecode,
  },
  schedule: {
    about: "an engine's steps without a model: 256 sequences decode, 10,000 prefixes are cached",
    peers: [],
    run: benchSchedule,
  },
  graphs: {
    about: "steps in which all sequences decode: replayed as graphs, against launched kernel by kernel",
    peers: [],
    run: benchGraphs,
  },
  http: {
    about:
      "one request at a time to worldsize serve, against its engine alone; a Llama of 100 million parameters, int8",
    peers: [],
    run: benchHttp,
  },
  read: {
    about: "a model of 500 MB is read from its folder, against cp -r",
    peers: [],
    run: benchRead,
  },
  links: {
    about: "64 MB over a link paced at 1 GB/s, against 64 ms",
    peers: [],
    talks: true,
    run: benchLinks,
  },
};

/** @returns the exit code. */
export async function benchCommand(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    const rows = Object.entries(benches).map(
      ([bench, { about, peers }]) =>
        `  ${pc.cyan(bench.padEnd(12))}${about} ${peers.length > 0 ? `(peers: ${peers.join(", ")})` : ""}`,
    );
    process.stdout.write(
      `worldsize bench NAME [--against ${peerNames.join(",")}] [--rounds N] [--json]\n\n${rows.join("\n")}\n  ${pc.cyan("algorithms".padEnd(12))}every allReduce algorithm at every size over every transport; flags of benchmark-algorithms\n  ${pc.cyan("serve".padEnd(12))}load for a server of OpenAI's protocol: times, throughput, goodput; flags of its own: bench serve --help (peers: node-llama-cpp)\n`,
    );
    return name ? 0 : 2;
  }
  if (name === "algorithms") return (await import("./algorithms.ts")).benchAlgorithms(rest, output);
  if (name === "serve") return (await import("./serve/serve.ts")).benchServe(rest);
  const flags = benchFlags(name, rest);
  const bench = benches[name];
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

function rounds(text: string): number {
  const count = wholeNumber(text);
  if (count >= 1) return count;
  throw new InvalidArgumentError("There must be at least 1 round.");
}

/** Reads a bench's flags. @throws UsageError for one that it has not, and for a bench that does not exist. */
export function benchFlags(name: string, args: readonly string[]): Flags {
  if (!benches[name])
    throw new UsageError(
      `There is no bench "${name}". ${suggest(name, [...Object.keys(benches), "algorithms", "serve"])}`,
    );
  const talks = benches[name].talks === true;
  const command = new Command(`worldsize bench ${name}`)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .option("--json", "print one object per line")
    .option("--rounds <count>", "interleaved rounds; the best of each side counts", rounds, 5)
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
  if (!talks && isTyped(command, "transport")) {
    throw new UsageError(`--transport is for benches that send messages, and ${name} sends none. Leave it out.`);
  }
  const unknown = flags.against.find((peer) => !peerNames.includes(peer));
  if (unknown) throw new UsageError(`There is no peer "${unknown}". ${suggest(unknown, peerNames)}`);
  return flags;
}
