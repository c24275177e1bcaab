/** A worker thread of a job: one rank over shared memory or wires, or all ranks of a local world. */
import { hostname } from "node:os";
import { parentPort, threadId, workerData } from "node:worker_threads";
import { KernelRuntime, SegmentPool } from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import { nodePlatform } from "../../platform/node.ts";
import { Tracer } from "../../trace/trace.ts";
import {
  buildLocalWorld,
  buildShmRank,
  buildTcpRank,
  ChaosWire,
  MemoryStore,
  noTraffic,
  type Rank,
  RemoteStore,
  type Store,
  Traffic,
} from "../../world/index.ts";
import { type Place, type Script, scriptOf } from "../define.ts";
import { valuesOf } from "../options.ts";
import { type Ending, failRank, runRank } from "../rank.ts";
import type { WorkerMessage, WorkerReply, WorkerStart } from "./protocol.ts";
import { WorkerOffice } from "./tcp/worker-office.ts";

/** The pool's owner numbers above all ranks: scratch of a thread's kernels. */
const SCRATCH_OWNER = 60_000;

const start = workerData as WorkerStart;
const port = parentPort as NonNullable<typeof parentPort>;
const origin = performance.timeOrigin;
const now = (): number => origin + performance.now();
const tracers = new Map<number, Tracer>();
const running = new Map<number, Rank>();
let wires = 0;

process.setSourceMapsEnabled(true);
Error.stackTraceLimit = 40; // deep enough to reach the program from inside the library

/** The job's store: in the local world's only thread, or in the process that coordinates the job. */
const remote = new RemoteStore((id, oldest, call) => post({ type: "store", id, oldest, call }));
const store: Store = start.transport === "local" ? new MemoryStore() : remote;
port.on("message", ({ id, reply }: WorkerReply) => remote.replied(id, reply)); // keeps the thread alive, too
process.on("uncaughtException", (error) => {
  // A promise nobody awaits, or a callback, threw: no rank can be told from it, so the first one answers.
  const [first] = running;
  if (!first) throw error;
  report(first[0], failRank(first[1], error));
});

function post(message: WorkerMessage): void {
  port.postMessage(message);
}

function report(number: number, ending: Ending): void {
  const rank = running.get(number);
  if (!rank) return;
  running.delete(number);
  const flight = ending.ok ? [] : rank.engine.recorder.dump();
  const traffic = rank.engine.traffic?.dump() ?? noTraffic;
  post({ type: "ended", ending, records: { spans: tracers.get(number)?.spans ?? [], flight, traffic } });
  if (running.size === 0 && start.transport !== "tcp") port.close(); // wires stay open until all ranks are done
}

function tracer(rank: number): Tracer | undefined {
  if (start.traced) tracers.set(rank, new Tracer(now));
  return tracers.get(rank);
}

function build(): Rank[] {
  const pool = new SegmentPool(new SharedMemory(start.memory, start.limit));
  const runtime = new KernelRuntime(start.kernels, pool, SCRATCH_OWNER + start.rank);
  const common = {
    runtime,
    quota: start.quota,
    now,
    table: start.table,
    tracer,
    traffic: () => (start.recorded ? new Traffic(now) : undefined),
    size: start.size,
    link: start.link,
    hosts: hostsOf(),
    eager: start.eager,
  };
  if (start.transport === "local") {
    return buildLocalWorld({ ...common, macrotask: nodePlatform.macrotask, seed: start.interleaving });
  }
  if (start.tcp) {
    const { port: mailbox, letters, crowded } = start.tcp;
    const { rank, interleaving } = start;
    const office = new WorkerOffice(mailbox, letters, (wire) =>
      interleaving === undefined ? wire : new ChaosWire(wire, ++wires + 1000 * (rank + interleaving)),
    );
    office.onStored = (id, reply) => remote.replied(id, reply);
    return [buildTcpRank({ ...common, rank, office, crowded })];
  }
  if (!start.control) throw new Error("A shared-memory rank was started without control memory.");
  const { cores, mayBlock } = nodePlatform;
  return [buildShmRank({ ...common, rank: start.rank, control: start.control, cores, mayBlock })];
}

/** Imports a rank's program. @returns how to run it, or undefined if the rank has failed already. */
async function load(rank: Rank): Promise<(() => Promise<void>) | undefined> {
  const number = rank.world.rank;
  try {
    // Ranks of one thread get a module instance each, so that they share nothing, as in workers.
    const url = start.transport === "local" ? `${start.url}?rank=${number}` : start.url;
    const script = scriptOf((await import(url)) as Record<string, unknown>, start.file);
    return () => run(rank, script);
  } catch (error) {
    report(number, failRank(rank, error));
    return undefined;
  }
}

async function run(rank: Rank, script: Script): Promise<void> {
  const number = rank.world.rank;
  let ending: Ending;
  try {
    ending = await runRank(rank, {
      script,
      options: valuesOf(script.options ?? {}, start.options),
      place: placeOf(),
      seed: start.seed,
      env: { ...process.env, LOCAL_RANK: String(number), ...start.env },
      store,
      now,
      tracer: tracers.get(number),
      emit: (shown) => post({ type: "shown", rank: number, shown }),
    });
  } catch (error) {
    ending = failRank(rank, error);
  }
  report(number, ending);
}

/** By rank: the number of its host, counted from 0. */
function hostsOf(): number[] | undefined {
  const names = start.tcp?.members.map(({ place }) => place.host);
  return names?.map((name) => names.indexOf(name));
}

/** Where this rank lives, and how ranks reach each other. */
function placeOf(): Place {
  const { transport, size, tcp } = start;
  const members = tcp?.members.map(({ place }) => place);
  const ranks = Array.from({ length: size }, (_, rank) => ({
    host: members?.[rank].host.split("/")[0] ?? hostname(),
    process: tcp?.members[rank].pid ?? process.pid,
  }));
  const reach: Place["reach"] = (from, to) => {
    if (transport !== "tcp") return transport;
    return members?.[from].host === members?.[to].host && !tcp?.onlyTcp ? "unix" : "tcp";
  };
  return { process: process.pid, thread: threadId, transport, ranks, reach };
}

const ranks = build();
for (const rank of ranks) running.set(rank.world.rank, rank);
// All are loaded before the first one runs: imports end in any order, and ranks of one thread take turns in theirs.
for (const go of await Promise.all(ranks.map(load))) void go?.();
