/** Builds ranks: a device, an engine over a transport, and the group of all ranks. */
import {
  DeferredStream,
  Device,
  InlineStream,
  type KernelRuntime,
  makeExecutor,
  type SegmentPool,
  type StreamMaker,
} from "../device/index.ts";
import type { Tracer } from "../trace/trace.ts";
import { Deadline } from "./deadline.ts";
import type { Served } from "./driver.ts";
import { Engine } from "./engine.ts";
import { ProcessGroup } from "./group.ts";
import { type LinkSpeeds, PacedLinks } from "./links.ts";
import { LocalDriver, LocalHub, LocalTransport } from "./local.ts";
import type { GroupInfo } from "./operation.ts";
import { pulse, pulseAt, type RecorderPlace } from "./recorder.ts";
import type { ToComm } from "./remote/calls.ts";
import { RemoteDriver, RemoteTransport } from "./remote/remote-transport.ts";
import { JOB_OWNER, ShmTransport } from "./shm/shm.ts";
import { shmGroupBytes } from "./shm/shm-group.ts";
import { ShmLayout } from "./shm/shm-layout.ts";
import { ThreadDriver, type Waiting } from "./shm/thread-driver.ts";
import { Watchdog } from "./shm/watchdog.ts";
import type { Office } from "./tcp/office.ts";
import { TcpTransport } from "./tcp/tcp.ts";
import { TcpDriver } from "./tcp/tcp-driver.ts";
import { TcpWatch } from "./tcp/tcp-watch.ts";
import type { Traffic } from "./traffic.ts";
import type { Transport } from "./transport.ts";
import { Tuner, type TuningTable } from "./tuner.ts";

/** One rank, ready to run a program. */
export interface Rank {
  readonly world: ProcessGroup;
  readonly device: Device;
  readonly engine: Engine;
  /** Where the rank's operations are done, if in another thread. */
  readonly remote?: RemoteTransport;
}

interface CommonOptions {
  readonly runtime: KernelRuntime;
  /** Bytes of device memory a rank may reserve. */
  readonly quota: number;
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly now: () => number;
  readonly table?: TuningTable;
  /** How fast links between ranks shall be; as fast as they are if not given. */
  readonly link?: LinkSpeeds;
  /** By rank: the number of its host; all on one if not given. The table's ranksPerNode goes before. */
  readonly hosts?: readonly number[];
  /** Sends of at most so many bytes complete at once, from a copy. */
  readonly eager?: number;
  readonly tracer?: (rank: number) => Tracer | undefined;
  /** Makes a rank's streams; they run inline if not given. */
  readonly stream?: StreamMaker;
  /** The program, if it is in another thread. */
  readonly served?: Served;
  /** Owner of the device's segments; the rank itself if not given. */
  readonly owner?: number;
  /** Milliseconds that a program may wait for anything without any progress; as long as it takes if not given. */
  readonly timeout?: number;
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

/** @throws Error when the node's memory has no room for the control words. */
export function takeShmControl(pool: SegmentPool, size: number): ShmControl {
  const take = (bytes: number): number => {
    const address = pool.take(JOB_OWNER, bytes);
    if (address === 0) throw new Error(`No room for the control words of ${size} ranks; give the job more memory.`);
    return address;
  };
  return { layout: take(ShmLayout.bytes(size)), world: take(shmGroupBytes(size)) };
}

export interface ShmRankOptions extends CommonOptions {
  readonly rank: number;
  readonly size: number;
  readonly control: ShmControl;
  readonly waiting: Waiting;
}

/** A rank of a shared-memory job, in the thread that owns it. */
export function buildShmRank(options: ShmRankOptions): Rank {
  const { rank, size, runtime, now, control } = options;
  const tracer = options.tracer?.(rank);
  const traffic = options.traffic?.(rank);
  const device = deviceOf(options, rank, tracer);
  const layout = new ShmLayout(runtime.pool.memory, control.layout, size);
  const nodes = nodesOf(options);
  const transport = new ShmTransport(rank, layout, runtime, pacedLinks(options, rank, nodes));
  const { eager, served, waiting } = options;
  const place = options.place?.(rank);
  const engine = new Engine({ transport, device, now, tracer, traffic, nodes, eager, served, place });
  const watchdog = new Watchdog(engine, transport, deadlineOf(options, engine));
  engine.openCalls.look = () => watchdog.look();
  engine.driver = new ThreadDriver(engine, transport, watchdog, waiting);
  const info = everybody(size);
  const shared = transport.openShared(info.ranks, control.world);
  const world = new ProcessGroup(engine, info, new Tuner(options.table), shared);
  engine.leave = (state, error) => watchdog.leave(state, error);
  return { world, device, engine };
}

export interface TcpRankOptions extends CommonOptions {
  readonly rank: number;
  readonly size: number;
  readonly office: Office;
  /** Whether the ranks of this host outnumber its cores. */
  readonly crowded: boolean;
}

/** A rank with a process of its own, in the thread that its office serves. */
export function buildTcpRank(options: TcpRankOptions): Rank {
  const { rank, size, runtime, now, office, crowded } = options;
  const tracer = options.tracer?.(rank);
  const traffic = options.traffic?.(rank);
  const device = deviceOf(options, rank, tracer);
  const nodes = nodesOf(options);
  const transport = new TcpTransport({ rank, size, runtime, office, links: pacedLinks(options, rank, nodes) });
  const { eager, served } = options;
  const place = options.place?.(rank);
  const engine = new Engine({ transport, device, now, tracer, traffic, nodes, eager, served, place });
  const watch = new TcpWatch(engine, transport, office, deadlineOf(options, engine));
  engine.openCalls.look = () => watch.look();
  engine.driver = new TcpDriver(engine, transport, watch, office, crowded);
  const world = new ProcessGroup(engine, everybody(size), new Tuner(options.table));
  engine.leave = (state, error) => watch.leave(state, error);
  return { world, device, engine };
}

export interface RemoteRankOptions extends CommonOptions {
  readonly rank: number;
  readonly size: number;
  /** The transport that the communication stream uses. */
  readonly transport: Transport["name"];
  /** Whether operations and messages are recorded there. */
  readonly recorded?: boolean;
  /** Sends to the communication stream. */
  readonly post: (message: ToComm) => void;
}

/** A rank whose operations are done by a thread that a CommServer serves. */
export function buildRemoteRank(options: RemoteRankOptions): Rank {
  const { rank, size, now, post } = options;
  const tracer = options.tracer?.(rank);
  const device = deviceOf(options, rank, tracer);
  const remote = new RemoteTransport(options.transport, rank, size, device, post, options.recorded);
  const engine = new Engine({ transport: remote, device, now, place: options.place?.(rank) });
  remote.serve(engine);
  engine.openCalls.onChange = () => remote.storeChanged();
  engine.driver = new RemoteDriver(remote);
  engine.leave = (state, error = "") => remote.leave(state, error);
  const world = new ProcessGroup(engine, everybody(size), new Tuner(options.table));
  return { world, device, engine, remote };
}

export interface LocalWorldOptions extends CommonOptions {
  readonly size: number;
  readonly macrotask: (step: () => void) => void;
  /** Seeds the scheduler; undefined gives turns in rank order. */
  readonly seed?: number;
  /** Whether nothing outside of the job, such as a timer, can make a program go on; where nobody knows, it might. */
  readonly idle?: () => boolean;
}

/** All ranks of a local job, in this thread. */
export function buildLocalWorld(options: LocalWorldOptions): Rank[] {
  const { size, runtime, quota, now, macrotask, seed } = options;
  const hub = new LocalHub({
    size,
    runtime,
    macrotask,
    seed,
    idle: options.idle,
    timed: options.timeout !== undefined,
  });
  const info = everybody(size);
  const tuner = new Tuner(options.table);
  const nodes = nodesOf(options);
  return info.ranks.map((rank) => {
    const tracer = options.tracer?.(rank);
    const traffic = options.traffic?.(rank);
    const execute = makeExecutor(runtime, tracer);
    const stream: StreamMaker = () => new DeferredStream(execute, () => hub.activate(rank));
    const device = new Device({ runtime, stream, owner: rank, quota, tracer, launches: launchesOf(options, rank) });
    const transport = new LocalTransport(hub, rank, pacedLinks(options, rank, nodes));
    const { eager } = options;
    const engine = new Engine({ transport, device, now, tracer, traffic, nodes, eager, place: options.place?.(rank) });
    engine.driver = new LocalDriver(hub, rank);
    engine.openCalls.onChange = () => hub.activate(rank);
    hub.join({ transport, engine, device, deadline: deadlineOf(options, engine) });
    const world = new ProcessGroup(engine, info, tuner);
    engine.leave = (state, error) => transport.leave(state, error);
    return { world, device, engine };
  });
}

function deviceOf(options: CommonOptions, rank: number, tracer: Tracer | undefined): Device {
  const { runtime, quota, owner = rank } = options;
  const execute = makeExecutor(runtime, tracer);
  const { stream = () => new InlineStream(execute) } = options;
  return new Device({ runtime, stream, owner, quota, tracer, launches: launchesOf(options, rank) });
}

/** The word that counts a program's launches. */
function launchesOf({ place, served }: CommonOptions, rank: number): Int32Array | undefined {
  return place && !served ? pulseAt(place(rank)).subarray(pulse.LAUNCHES, pulse.LAUNCHES + 1) : undefined;
}

function deadlineOf({ timeout }: CommonOptions, engine: Engine): Deadline | undefined {
  return timeout === undefined ? undefined : new Deadline(engine, timeout);
}

/** The group of all ranks, as every transport numbers it. */
function everybody(size: number): GroupInfo {
  return { id: 0, name: "world", ranks: Array.from({ length: size }, (_, rank) => rank) };
}

/** By rank: the number of its node. */
function nodesOf({ size, table, hosts }: CommonOptions & { readonly size: number }): readonly number[] {
  const { ranksPerNode } = table ?? {};
  if (ranksPerNode === undefined) return hosts ?? Array<number>(size).fill(0);
  return Array.from({ length: size }, (_, rank) => Math.floor(rank / ranksPerNode));
}

function pacedLinks({ link, now }: CommonOptions, rank: number, nodes: readonly number[]): PacedLinks | undefined {
  if (!link?.within && !link?.between) return undefined;
  return new PacedLinks((peer) => (nodes[peer] === nodes[rank] ? link.within : link.between), now);
}
