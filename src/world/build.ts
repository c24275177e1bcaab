/** Builds ranks: a device, an engine over a transport, and the group of all ranks. */
import {
  DeferredStream,
  Device,
  type Execute,
  InlineStream,
  JOB_OWNER,
  type KernelRuntime,
  makeExecutor,
  type SegmentPool,
  type StreamMaker,
} from "../device/index.ts";
import type { Tracer } from "../trace/trace.ts";
import { Tuner } from "./algorithms/tuner.ts";
import type { Caller } from "./core/caller.ts";
import { Engine } from "./core/engine.ts";
import { Journal } from "./core/journal.ts";
import { PacedLinks, slowestCost } from "./core/links.ts";
import type { GroupInfo } from "./core/operation.ts";
import { pulse, pulseAt, type RecorderPlace } from "./core/recorder.ts";
import type { WorldSettings } from "./core/settings.ts";
import type { Traffic } from "./core/traffic.ts";
import type { Channel } from "./core/transport.ts";
import { TransportIssuer } from "./core/transport-issuer.ts";
import type { WaitStrategy } from "./core/wait-strategy.ts";
import { ProcessGroup } from "./group.ts";
import { Deadline } from "./health/deadline.ts";
import { RankWatch } from "./health/rank-watch.ts";
import type { Tell } from "./health/road.ts";
import { LocalHub } from "./local/hub.ts";
import { LocalTransport } from "./local/local.ts";
import { LocalWait } from "./local/local-wait.ts";
import type { VirtualClock } from "./local/virtual-clock.ts";
import { notice } from "./shm/notice.ts";
import { ShmTransport } from "./shm/shm.ts";
import { shmGroupBytes } from "./shm/shm-group.ts";
import { ShmLayout } from "./shm/shm-layout.ts";
import { ThreadWait, type Waiting } from "./shm/thread-wait.ts";
import type { IoThread } from "./tcp/io-thread.ts";
import { TcpTransport } from "./tcp/tcp.ts";
import { TcpWait } from "./tcp/tcp-wait.ts";
import { CommClient, RemoteWait } from "./threaded/client.ts";
import { RemoteIssuer } from "./threaded/issuer.ts";
import type { ToComm } from "./threaded/messages.ts";

/** One rank, ready to run a program. */
export interface Rank {
  readonly world: ProcessGroup;
  readonly device: Device;
  readonly engine: Engine;
  /** Time as the rank's program has it, where it is virtual. */
  readonly clock?: VirtualClock;
  /** Where the rank's operations are done, if in another thread. */
  readonly client?: CommClient;
}

interface CommonOptions {
  readonly runtime: KernelRuntime;
  /** Bytes of device memory a rank may reserve. */
  readonly quota: number;
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly now: () => number;
  readonly settings: WorldSettings;
  /** By rank: the number of its host; all on one if not given. The table's ranksPerNode goes before. */
  readonly hosts?: readonly number[];
  readonly tracer?: (rank: number) => Tracer | undefined;
  /** Makes a rank's streams; they run inline if not given. */
  readonly stream?: StreamMaker;
  /** The program, if it is in another thread. */
  readonly caller?: Caller;
  /** Owner of the device's segments; the rank itself if not given. */
  readonly owner?: number;
  /** Where ranks' operations are recorded and their moves counted, if others are to see them. */
  readonly place?: (rank: number) => RecorderPlace;
  /** Makes the recorder of a rank's messages. */
  readonly traffic?: (rank: number) => Traffic | undefined;
}

/** Control memory of a shared-memory job, taken once by whoever starts it. */
export interface ShmControl {
  readonly layout: number;
  readonly world: number;
}

/** @throws Error when the job's memory has no room for the control words. */
export function takeShmControl(pool: SegmentPool, size: number): ShmControl {
  const take = (bytes: number): number => pool.need(JOB_OWNER, bytes, `the control words of ${size} ranks`);
  return { layout: take(ShmLayout.bytes(size)), world: take(shmGroupBytes(size)) };
}

export interface ShmRankOptions extends CommonOptions {
  readonly rank: number;
  readonly size: number;
  readonly control: ShmControl;
  readonly waiting: Waiting;
  /** Says something to the monitor of the job, which is in another thread. */
  readonly tell: Tell;
}

/** A rank of a shared-memory job, in the thread that owns it. */
export function buildShmRank(options: ShmRankOptions): Rank {
  const { rank, size, runtime, control, waiting, tell } = options;
  const layout = new ShmLayout(runtime.pool.memory, control.layout, size);
  const nodes = nodesOf(options);
  const transport = new ShmTransport(rank, layout, runtime, pacedLinks(options, rank, nodes));
  const engine = engineOf(options, transport, (engine) => {
    const watch = new RankWatch(engine, {
      tell,
      deadline: deadlineOf(options, engine),
      notice: () => notice(engine, transport),
      take: () => transport.take(),
    });
    transport.whenFailing((failure) => watch.fail(failure));
    return new ThreadWait(engine, transport, watch, waiting);
  });
  const info = everybody(size);
  const issuer = new TransportIssuer(engine, info, transport, nodes, transport.openShared(info.ranks, control.world));
  const world = new ProcessGroup(engine, info, new Tuner(options.settings.table), issuer);
  return { world, device: engine.device, engine };
}

export interface TcpRankOptions extends CommonOptions {
  readonly rank: number;
  readonly size: number;
  readonly io: IoThread;
  /** Whether the ranks of this host outnumber its cores. */
  readonly crowded: boolean;
}

/** A rank with a process of its own, in the thread that its I/O thread serves. */
export function buildTcpRank(options: TcpRankOptions): Rank {
  const { rank, size, runtime, io, crowded } = options;
  const nodes = nodesOf(options);
  const transport = new TcpTransport({ rank, size, runtime, io, links: pacedLinks(options, rank, nodes) });
  const engine = engineOf(options, transport, (engine) => {
    const tell: Tell = (message) => io.tell(message);
    const watch = new RankWatch(engine, { tell, deadline: deadlineOf(options, engine) });
    transport.listen(watch);
    return new TcpWait(engine, transport, watch, io, crowded);
  });
  const info = everybody(size);
  const issuer = new TransportIssuer(engine, info, transport, nodes);
  const world = new ProcessGroup(engine, info, new Tuner(options.settings.table), issuer);
  return { world, device: engine.device, engine };
}

export interface RemoteRankOptions extends CommonOptions {
  readonly rank: number;
  readonly size: number;
  /** The transport that the communication stream uses. */
  readonly transport: Channel["name"];
  /** Whether operations and messages are recorded there. */
  readonly recorded?: boolean;
  /** Sends to the communication stream. */
  readonly post: (message: ToComm) => void;
}

/** A rank whose operations are done by a thread that a CommServer serves. */
export function buildRemoteRank(options: RemoteRankOptions): Rank {
  const { rank, size, now, post } = options;
  const device = deviceOf(options, rank, options.tracer?.(rank));
  const client = new CommClient(options.transport, rank, size, device, post, options.recorded);
  const journal = new Journal({ now, place: options.place?.(rank) });
  const engine = new Engine({ channel: client, device, now, journal, strategy: () => new RemoteWait(client) });
  client.serve(engine);
  const info = everybody(size);
  const world = new ProcessGroup(
    engine,
    info,
    new Tuner(options.settings.table),
    new RemoteIssuer(engine, info, client),
  );
  return { world, device, engine, client };
}

export interface LocalWorldOptions extends CommonOptions {
  readonly size: number;
  readonly macrotask: (step: () => void) => void;
  /** Seeds the scheduler; undefined gives turns in rank order. */
  readonly seed?: number;
  /** Whether nothing outside the job, such as a timer, can make a program go on; where nobody knows, it might. */
  readonly idle?: () => boolean;
  /** Virtual time; `now` is its own then. */
  readonly clock?: VirtualClock;
}

/** All ranks of a local job, in this thread. */
export function buildLocalWorld(options: LocalWorldOptions): Rank[] {
  const { size, runtime, macrotask, seed } = options;
  const hub = new LocalHub({
    size,
    runtime,
    macrotask,
    seed,
    idle: options.idle,
    timed: options.settings.timeout !== undefined,
    clock: options.clock,
  });
  const info = everybody(size);
  const tuner = new Tuner(options.settings.table);
  const nodes = nodesOf(options);
  return info.ranks.map((rank) => {
    const stream =
      (execute: Execute): StreamMaker =>
      () =>
        new DeferredStream(execute, () => hub.activate(rank));
    const transport = new LocalTransport(hub, rank, pacedLinks(options, rank, nodes));
    const engine = engineOf({ ...options, rank }, transport, () => new LocalWait(hub, transport), stream);
    hub.join({ transport, engine, device: engine.device, deadline: deadlineOf(options, engine) });
    const world = new ProcessGroup(engine, info, tuner, new TransportIssuer(engine, info, transport, nodes));
    return { world, device: engine.device, engine, clock: options.clock };
  });
}

/** The engine of a rank whose operations are done in this thread. */
function engineOf(
  options: CommonOptions & { readonly rank: number },
  channel: Channel,
  strategy: (engine: Engine) => WaitStrategy,
  stream?: (execute: Execute) => StreamMaker,
): Engine {
  const { rank, now, settings, caller } = options;
  const tracer = options.tracer?.(rank);
  const place = options.place?.(rank);
  const device = deviceOf(options, rank, tracer, stream);
  const journal = new Journal({
    now,
    site: caller && (() => caller.site()),
    place: caller ? undefined : place, // a program's operations are recorded in its own thread
    tracer,
    traffic: options.traffic?.(rank),
  });
  return new Engine({
    channel,
    device,
    now,
    journal,
    pulse: place && pulseAt(place),
    caller,
    eager: settings.eager,
    strategy,
  });
}

function deviceOf(
  options: CommonOptions,
  rank: number,
  tracer: Tracer | undefined,
  ownStream?: (execute: Execute) => StreamMaker,
): Device {
  const { runtime, quota, owner = rank } = options;
  const execute = makeExecutor(runtime, tracer);
  const stream = ownStream?.(execute) ?? options.stream ?? (() => new InlineStream(execute));
  return new Device({ runtime, stream, owner, quota, tracer, launches: launchesOf(options, rank) });
}

/** The word that counts a program's launches. */
function launchesOf({ place, caller }: CommonOptions, rank: number): Int32Array | undefined {
  return place && !caller ? pulseAt(place(rank)).subarray(pulse.LAUNCHES, pulse.LAUNCHES + 1) : undefined;
}

function deadlineOf({ settings: { timeout } }: CommonOptions, engine: Engine): Deadline | undefined {
  return timeout === undefined ? undefined : new Deadline(engine, timeout);
}

/** The group of all ranks, as every transport numbers it. */
function everybody(size: number): GroupInfo {
  return { id: 0, name: "world", ranks: Array.from({ length: size }, (_, rank) => rank) };
}

/** By rank: the number of its node. */
function nodesOf({ size, settings: { table }, hosts }: CommonOptions & { readonly size: number }): readonly number[] {
  const { ranksPerNode } = table ?? {};
  if (ranksPerNode === undefined) return hosts ?? Array<number>(size).fill(0);
  return Array.from({ length: size }, (_, rank) => Math.floor(rank / ranksPerNode));
}

function pacedLinks(
  { settings: { link }, now }: CommonOptions,
  rank: number,
  nodes: readonly number[],
): PacedLinks | undefined {
  if (!link?.within && !link?.between) return undefined;
  return new PacedLinks((peer) => (nodes[peer] === nodes[rank] ? link.within : link.between), now, slowestCost(link));
}
