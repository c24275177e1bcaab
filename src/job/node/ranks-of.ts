/** Builds the ranks of a thread from what it was handed at its start. */
import { KernelRuntime, SegmentPool } from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import { nodePlatform } from "../../platform/node/node.ts";
import { openYield } from "../../platform/node/yield.ts";
import type { Tracer } from "../../trace/trace.ts";
import {
  buildLocalWorld,
  buildShmRank,
  buildTcpRank,
  ChaosWire,
  type CommServer,
  type Rank,
  type StoreReply,
  Traffic,
} from "../../world/index.ts";
import { Recorder, type RecorderPlace } from "../../world/core/recorder.ts";
import { openExtras } from "./helpers.ts";
import type { WorkerStart } from "./protocol.ts";
import { WorkerOffice } from "./processes/worker-office.ts";

/** The pool's owner numbers above all ranks: scratch of a thread's kernels. */
const SCRATCH_OWNER = 60_000;
const HELPER_OWNER = 63_000;

/** What the ranks of one thread have in common. */
export interface ThreadOptions {
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly now: () => number;
  readonly tracer: (rank: number) => Tracer | undefined;
  /** Called with the store's replies, which come by a rank's office. */
  readonly onStored: (id: number, reply: StoreReply) => void;
  /** The program, if it is in another thread. */
  readonly caller?: CommServer;
  /** Owner of this thread's memory, if not the rank. */
  readonly owner?: number;
  /** Whether nothing outside of the job can make this thread's programs go on. */
  readonly idle?: () => boolean;
}

/** Where the operations of a rank are recorded. */
export function placeOf({ transport, records }: WorkerStart, rank: number): RecorderPlace {
  return { memory: records, offset: transport === "local" ? rank * Recorder.bytes : 0 };
}

/** The kernels of a thread. @param helpers threads that help it. */
export function runtimeOf(start: WorkerStart, owner = SCRATCH_OWNER + start.rank, helpers = 0): KernelRuntime {
  const { kernels, size, transport, blas } = start;
  const pool = new SegmentPool(new SharedMemory(start.memory, start.limit));
  const spins = spinsFor((transport === "local" ? 1 : size) * (1 + helpers));
  const extras = openExtras({ pool, kernels, owner: HELPER_OWNER + start.rank, spins, blas: blas.choice, helpers });
  return new KernelRuntime(kernels, pool, owner, extras);
}

/** How often a thread looks at a word before it sleeps, if so many threads may be busy at once on a host. */
export function spinsFor(threads: number): number {
  return threads <= nodePlatform.cores ? 2000 : 20;
}

/** The ranks that live in a thread: one, or with the local transport all. */
export function ranksOf(start: WorkerStart, { now, tracer, onStored, caller, owner, idle }: ThreadOptions): Rank[] {
  const common = {
    runtime: runtimeOf(start, owner, caller ? 0 : start.helpers),
    quota: start.quota,
    now,
    table: start.table,
    tracer,
    traffic: () => (start.recorded ? new Traffic(now) : undefined),
    size: start.size,
    link: start.link,
    hosts: hostsOf(start),
    eager: start.eager,
    caller,
    owner,
    timeout: start.timeout,
    place: (rank: number) => placeOf(start, rank),
  };
  if (start.transport === "local") {
    return buildLocalWorld({ ...common, macrotask: nodePlatform.macrotask, seed: start.interleaving, idle });
  }
  const { rank, interleaving } = start;
  if (start.tcp) {
    const { port: mailbox, letters, crowded } = start.tcp;
    let wires = 0;
    const office = new WorkerOffice(mailbox, letters, (wire) =>
      interleaving === undefined ? wire : new ChaosWire(wire, ++wires + 1000 * (rank + interleaving)),
    );
    office.onStored = onStored;
    return [buildTcpRank({ ...common, rank, office, crowded })];
  }
  if (!start.control) throw new Error("A shared-memory rank was started without control memory.");
  const { cores, mayBlock } = nodePlatform;
  const waiting = { cores, mayBlock, loop: nodePlatform, openYield, prompt: caller !== undefined };
  return [buildShmRank({ ...common, rank, control: start.control, waiting })];
}

/** By rank: the number of its host, counted from 0. */
function hostsOf({ tcp }: WorkerStart): number[] | undefined {
  const names = tcp?.members.map(({ place }) => place.host);
  return names?.map((name) => names.indexOf(name));
}
