/** Builds the ranks of a thread from what it was handed at its start. */
import { KernelRuntime, ownerOf, SegmentPool } from "../../device/index.ts";
import { sayAt } from "../../platform/line.ts";
import { SharedMemory } from "../../platform/memory.ts";
import type { Tracer } from "../../trace/trace.ts";
import { Recorder, type RecorderPlace } from "../../world/core/recorder.ts";
import type { Tell } from "../../world/health/road.ts";
import {
  buildLocalWorld,
  buildShmRank,
  buildTcpRank,
  ChaosWire,
  type CommServer,
  type Rank,
  type StoreReply,
  Traffic,
  VirtualClock,
} from "../../world/index.ts";
import type { ThreadKit } from "../kit.ts";
import type { RankStart, Told } from "../start.ts";
import { openExtras } from "./extras.ts";
import { lookInto } from "./glimpse.ts";

/** What the ranks of one thread have in common. */
export interface ThreadOptions {
  /** Of a rank; `now` is another clock than the thread's. */
  readonly tracer: (rank: number, now?: () => number) => Tracer | undefined;
  /** Called with the store's replies, which come by a rank's I/O thread. */
  readonly onStored: (id: number, reply: StoreReply) => void;
  /** The program, if it is in another thread. */
  readonly caller?: CommServer;
  /** Owner of this thread's memory, if not the rank. */
  readonly owner?: number;
  /** Whether nothing outside the job can make this thread's programs go on. */
  readonly idle?: () => boolean;
}

/** Where the operations of a rank are recorded. */
export function placeOf({ transport, records }: RankStart, rank: number): RecorderPlace {
  return { memory: records, offset: transport === "local" ? rank * Recorder.bytes : 0 };
}

/** The kernels of a thread. @param helpers threads that help it. */
export function runtimeOf(
  kit: ThreadKit,
  start: RankStart,
  owner = ownerOf("scratch", start.rank),
  helpers = 0,
): KernelRuntime {
  const { kernels, size, transport, blas } = start;
  const pool = new SegmentPool(new SharedMemory(start.memory, start.limit));
  const spins = spinsFor(kit, (transport === "local" ? 1 : size) * (1 + helpers));
  const extras = openExtras(kit, {
    pool,
    kernels,
    owner: ownerOf("helpers", start.rank),
    spins,
    blas: blas.choice,
    helpers,
  });
  return new KernelRuntime(kernels, pool, owner, extras);
}

/** How often a thread looks at a word before it sleeps. @param threads that may be busy at once on its host. */
export function spinsFor({ platform }: ThreadKit, threads: number): number {
  return threads <= platform.cores ? 2000 : 20;
}

/** The ranks that live in a thread: one, or with the local transport all. */
export function ranksOf(kit: ThreadKit, start: RankStart, options: ThreadOptions): Rank[] {
  const { tracer, onStored, caller, owner, idle } = options;
  const { now, platform, openYield } = kit;
  const { recorded, glimpsed, helpers } = start.settings;
  const runtime = runtimeOf(kit, start, owner, caller ? 0 : helpers);
  const look = glimpsed > 0 ? lookInto(runtime, glimpsed) : undefined;
  const common = {
    runtime,
    quota: start.quota,
    now,
    tracer,
    traffic: () => (recorded ? new Traffic(now, { look }) : undefined),
    size: start.size,
    hosts: hostsOf(start),
    settings: start.settings,
    caller,
    owner,
    place: (rank: number) => placeOf(start, rank),
  };
  if (start.transport === "local") {
    const clock = start.settings.clock === "virtual" ? new VirtualClock() : undefined;
    const { macrotask } = platform;
    const seed = start.settings.interleaving;
    const timed = { now: clock?.now ?? now, clock, tracer: (rank: number) => tracer(rank, clock?.now) };
    return buildLocalWorld({ ...common, ...timed, macrotask, seed, idle });
  }
  const { rank } = start;
  const { interleaving } = start.settings;
  if (start.tcp) {
    if (!kit.openIoThread) throw new Error("A rank of a process of its own was started where there are none.");
    const { crowded } = start.tcp;
    let wires = 0;
    const io = kit.openIoThread(start.tcp, onStored, (wire) =>
      interleaving === undefined ? wire : new ChaosWire(wire, ++wires + 1000 * (rank + interleaving)),
    );
    return [buildTcpRank({ ...common, rank, io, crowded })];
  }
  const { control, line } = start;
  if (!control || !line) throw new Error("A shared-memory rank was started without control memory, or without a line.");
  const { cores, mayBlock } = platform;
  const waiting = { cores, mayBlock, loop: platform, openYield, prompt: caller !== undefined };
  const tell: Tell = (said) => sayAt(line, { said, time: now() } satisfies Told);
  return [buildShmRank({ ...common, rank, control, waiting, tell })];
}

/** By rank: the number of its host, counted from 0. */
function hostsOf({ tcp }: RankStart): number[] | undefined {
  const names = tcp?.members.map(({ place }) => place.host);
  return names?.map((name) => names.indexOf(name));
}
