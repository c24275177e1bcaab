/**
 * Ring algorithms (Patarasuk and Yuan, 2009; NCCL's ring): every rank talks to its two
 * neighbours only, and in each of n - 1 steps all links carry one chunk. The bytes each
 * rank sends, (n - 1)/n of the buffer per phase, are the least possible; the price is
 * n - 1 latencies.
 *
 * All receives of a phase are posted at its start, each into a chunk of its own, so that
 * no sender has to wait for its receiver to be ready.
 *
 * Chunk c is reduced in the order of ranks c+1, c+2, …, c and then copied, so all ranks
 * end with the same bits.
 */
import type { ReduceOp } from "../../device/index.ts";
import { cut, type Span, slice } from "../core/span.ts";
import type { Comm, Steps } from "../core/transport.ts";
import { type Cost, cutBytes } from "./cost.ts";

/** Leaves in chunk `rank` the reduction of every rank's; the other chunks are scrambled. */
export function* ringReduceScatter(comm: Comm, chunks: readonly Span[], operator: ReduceOp): Steps {
  const { rank, size } = comm;
  const chunk = (i: number): Span => chunks[(i + 2 * size) % size];
  const left = (rank - 1 + size) % size;
  const arrivals = steps(size, (step) => comm.recvCombine(left, chunk(rank - 2 - step), operator));
  for (const [step, arrival] of arrivals.entries()) {
    yield [comm.send((rank + 1) % size, chunk(rank - 1 - step)), arrival];
  }
}

/** Copies chunk r of rank r to every rank. */
export function* ringAllGather(comm: Comm, chunks: readonly Span[]): Steps {
  const { rank, size } = comm;
  const chunk = (i: number): Span => chunks[(i + size) % size];
  const left = (rank - 1 + size) % size;
  const arrivals = steps(size, (step) => comm.recv(left, chunk(rank - step - 1)));
  for (const [step, arrival] of arrivals.entries()) {
    yield [comm.send((rank + 1) % size, chunk(rank - step)), arrival];
  }
}

/** allReduce in place: reduce-scatter, then all-gather, over chunks of nearly equal length. */
export function* ringAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  const at = cut(span.count, comm.size);
  const chunks = Array.from({ length: comm.size }, (_, i) => slice(span, at[i], at[i + 1]));
  yield* ringReduceScatter(comm, chunks, operator);
  yield* ringAllGather(comm, chunks);
}

/** One thing for each of a ring's n - 1 steps. */
function steps<T>(size: number, each: (step: number) => T): T[] {
  return Array.from({ length: size - 1 }, (_, step) => each(step));
}

/** Every rank sends every chunk but one in each phase; the longest chunk sets the pace. */
export const ringCost: Cost = {
  sent(rank, { size, count, itemBytes }) {
    if (size === 1) return { messages: 0, bytes: 0 };
    const chunks = cutBytes(count, size, itemBytes);
    return { messages: 2 * (size - 1), bytes: 2 * count * itemBytes - chunks[rank] - chunks[(rank + 1) % size] };
  },
  path({ size, count, itemBytes }) {
    const longest = Math.ceil(count / size) * itemBytes;
    return { alphas: 2 * (size - 1), bytes: 2 * (size - 1) * longest };
  },
};
