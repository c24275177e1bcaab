/** A worker thread of a job: one rank over shared memory, or all ranks of a local world. */
import { parentPort, threadId, workerData } from "node:worker_threads";
import { KernelRuntime, SegmentPool } from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import { nodePlatform } from "../../platform/node.ts";
import { Tracer } from "../../trace/trace.ts";
import { buildLocalWorld, buildShmRank, type Rank } from "../../world/index.ts";
import { scriptOf } from "../define.ts";
import { valuesOf } from "../options.ts";
import { type Ending, failRank, runRank } from "../rank.ts";
import type { WorkerMessage, WorkerStart } from "./protocol.ts";

/** The pool's owner numbers above all ranks: scratch of a thread's kernels. */
const SCRATCH_OWNER = 60_000;

const start = workerData as WorkerStart;
const port = parentPort as NonNullable<typeof parentPort>;
const origin = performance.timeOrigin;
const now = (): number => origin + performance.now();
const tracers = new Map<number, Tracer>();
const running = new Map<number, Rank>();

process.setSourceMapsEnabled(true);
Error.stackTraceLimit = 40; // deep enough to reach the program from inside the library
port.on("message", () => {}); // keeps the thread alive while its ranks wait
process.on("uncaughtException", (error) => {
  // A promise nobody awaits, or a callback, threw: no rank can be told from it, so the first one answers.
  const [first] = running;
  if (first) report(first[0], failRank(first[1], error));
});

function post(message: WorkerMessage): void {
  port.postMessage(message);
}

function report(number: number, ending: Ending): void {
  const rank = running.get(number);
  if (!rank) return;
  running.delete(number);
  const flight = ending.ok ? [] : rank.engine.recorder.dump();
  post({ type: "ended", ending, spans: tracers.get(number)?.spans ?? [], flight });
  if (running.size === 0) port.close();
}

function tracer(rank: number): Tracer | undefined {
  if (start.traced) tracers.set(rank, new Tracer(now));
  return tracers.get(rank);
}

function build(): Rank[] {
  const pool = new SegmentPool(new SharedMemory(start.memory, start.limit));
  const runtime = new KernelRuntime(start.kernels, pool, SCRATCH_OWNER + start.rank);
  const common = { runtime, quota: start.quota, now, table: start.table, tracer, size: start.size };
  if (start.transport === "local") {
    return buildLocalWorld({ ...common, macrotask: nodePlatform.macrotask, seed: start.interleaving });
  }
  if (!start.control) throw new Error("A shared-memory rank was started without control memory.");
  const { cores, mayBlock } = nodePlatform;
  return [buildShmRank({ ...common, rank: start.rank, control: start.control, cores, mayBlock })];
}

async function run(rank: Rank): Promise<void> {
  const number = rank.world.rank;
  let ending: Ending;
  try {
    // Ranks of one thread get a module instance each, so that they share nothing, as in workers.
    const url = start.transport === "local" ? `${start.url}?rank=${number}` : start.url;
    const script = scriptOf((await import(url)) as Record<string, unknown>, start.file);
    ending = await runRank(rank, {
      script,
      options: valuesOf(script.options ?? {}, start.options),
      place: { process: process.pid, thread: threadId, transport: start.transport },
      seed: start.seed,
      env: process.env,
      now,
      tracer: tracers.get(number),
      emit: (shown) => post({ type: "shown", rank: number, shown }),
    });
  } catch (error) {
    ending = failRank(rank, error);
  }
  report(number, ending);
}

const ranks = build();
for (const rank of ranks) running.set(rank.world.rank, rank);
for (const rank of ranks) void run(rank);
