/** What a rank over shared memory sees of its peers by itself: no monitor could know it as soon. */
import type { Engine } from "../core/engine.ts";
import type { Failure } from "../core/transport.ts";
import type { ShmTransport } from "./shm.ts";

/** @returns why the job cannot go on: a peer has called something else, or has ended and is needed. */
export function notice(engine: Engine, transport: ShmTransport): Failure | undefined {
  return mismatch(engine, transport) ?? deserted(engine, transport);
}

function mismatch(engine: Engine, transport: ShmTransport): Failure | undefined {
  for (const { operation, state } of engine.pending()) {
    if (operation.seq === 0 || state === "queued") continue;
    const odd = operation.group.ranks.find((rank) => transport.contradicts(rank, operation));
    if (odd === undefined) continue;
    return { kind: "mismatch", by: engine.rank, detail: `rank ${odd} called something else.` };
  }
  return undefined;
}

function deserted(engine: Engine, transport: ShmTransport): Failure | undefined {
  const gone = (rank: number): boolean => transport.stateOf(rank) === "finished";
  const hopeless = () => engine.pending().some((work) => work.blocking && work.blockedOn().some(gone));
  // What the peer did before it ended may still lie in the ring: look there before judging.
  if (!hopeless()) return undefined;
  while (engine.progress());
  return hopeless() ? { kind: "left", by: engine.rank, detail: "" } : undefined;
}
