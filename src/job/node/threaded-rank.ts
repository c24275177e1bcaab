/**
 * A rank in three threads: this one runs the program, one is its compute stream, one its
 * communication stream. Further compute streams have a thread each.
 */
import { Worker } from "node:worker_threads";
import { ThreadedStreams } from "../../device/index.ts";
import type { Span, Tracer } from "../../trace/trace.ts";
import { buildRemoteRank, noTraffic, type Rank, type RankTraffic, type StoreReply } from "../../world/index.ts";
import type { CommMessage, WorkerStart } from "./protocol.ts";
import { placeOf, runtimeOf, spinsFor } from "./ranks-of.ts";
import { streamSpawner } from "./spawn-stream.ts";
import { workerFile } from "./worker-file.ts";

/** Owner of streams' rings and scratch in the pool, above those of ranks. */
const STREAM_OWNER = 61_000;
/** Threads of a rank that may be busy at once. */
const BUSY = 2;

export interface ThreadedRank {
  readonly rank: Rank;
  /** What the rank's other threads have recorded so far. */
  spans(): Promise<readonly Span[]>;
  /** Waits for the rank's threads, or ends them if the program failed. @returns what they recorded. */
  close(ok: boolean): Promise<{ spans: readonly Span[]; traffic: RankTraffic }>;
}

export function startThreadedRank(
  start: WorkerStart,
  now: () => number,
  tracer: Tracer | undefined,
  onStored: (id: number, reply: StoreReply) => void,
): ThreadedRank {
  const { rank: number, size, quota, kernels, traced, tcp, table, transport, helpers } = start;
  const runtime = runtimeOf(start);
  const spins = spinsFor(size * (BUSY + helpers));
  const owner = STREAM_OWNER + number;
  const streams = new ThreadedStreams({
    pool: runtime.pool,
    kernels,
    owner,
    spins,
    traced,
    spawn: streamSpawner(start.blas.choice, helpers),
  });
  const transferList = tcp ? [tcp.port] : [];
  const comm = new Worker(workerFile("comm-worker"), {
    workerData: start,
    transferList,
    name: `communication ${number}`,
  });
  const rank = buildRemoteRank({
    rank: number,
    size,
    runtime,
    quota,
    now,
    table,
    transport,
    recorded: start.recorded,
    place: () => placeOf(start, number),
    tracer: () => tracer,
    stream: streams.make,
    post: (message) => comm.postMessage(message),
  });
  const spans: Span[] = [];
  let traffic = noTraffic;
  comm.on("message", (message: CommMessage) => {
    if (message.type === "stored") onStored(message.id, message.reply);
    else if (message.type === "recorded") {
      spans.push(...message.spans);
      traffic = message.traffic;
    } else rank.client?.receive(message);
  });
  comm.on("error", (error) => rank.client?.lost(`${error.name}: ${error.message}`));
  comm.on("exit", () => rank.client?.lost("its thread has ended"));
  return {
    rank,
    async close(ok) {
      await rank.client?.over();
      if (ok) rank.device.close();
      else streams.kill();
      return { spans: [...spans, ...(await streams.ended())], traffic };
    },
    async spans() {
      await rank.client?.report();
      return [...spans, ...(await streams.spans())];
    },
  };
}
