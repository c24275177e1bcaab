/**
 * A rank in three threads: this one runs the program, one is its compute stream, one its
 * communication stream. Further compute streams have a thread each.
 */
import { ownerOf, ThreadedStreams } from "../../device/index.ts";
import type { Span, Tracer } from "../../trace/trace.ts";
import {
  buildRemoteRank,
  noTraffic,
  type Rank,
  type RankTraffic,
  type StoreReply,
  type ToComm,
} from "../../world/index.ts";
import type { ThreadKit } from "../kit.ts";
import { type CommMessage, movedBy, type RankStart } from "../start.ts";
import { placeOf, runtimeOf, spinsFor } from "./ranks-of.ts";
import { streamSpawner } from "./stream.ts";

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
  kit: ThreadKit,
  start: RankStart,
  tracer: Tracer | undefined,
  onStored: (id: number, reply: StoreReply) => void,
): ThreadedRank {
  const { rank: number, size, quota, kernels, settings, transport } = start;
  const { traced, recorded, helpers } = settings;
  const runtime = runtimeOf(kit, start);
  const spins = spinsFor(kit, size * (BUSY + helpers));
  const owner = ownerOf("stream", number);
  const streams = new ThreadedStreams({
    pool: runtime.pool,
    kernels,
    owner,
    spins,
    traced,
    spawn: streamSpawner(kit, start.blas.choice, helpers),
  });
  const spans: Span[] = [];
  let traffic = noTraffic;
  const comm = kit.spawn<ToComm, CommMessage>("communication", start, {
    name: `communication ${number}`,
    transfer: movedBy(start),
    onMessage: (message) => {
      if (message.type === "stored") onStored(message.id, message.reply);
      else if (message.type === "recorded") {
        for (const span of message.spans) spans.push(span);
        traffic = message.traffic;
      } else rank.client?.receive(message);
    },
  });
  const rank = buildRemoteRank({
    rank: number,
    size,
    runtime,
    quota,
    now: kit.now,
    settings,
    transport,
    recorded,
    place: () => placeOf(start, number),
    tracer: () => tracer,
    stream: streams.make,
    post: comm.post,
  });
  void comm.ended.then(({ error }) => {
    const { name, message } = (error ?? {}) as Partial<Error>;
    rank.client?.lost(error === undefined ? "its thread has ended" : `${name}: ${message}`);
  });
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
