/**
 * Algorithms in which ranks talk to each other directly: what a collective means, written
 * down. gather, scatter and allToAll have no cleverer form for large buffers.
 */
import type { Operator } from "../core/operation.ts";
import type { Span } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { treeBroadcast } from "./tree.ts";
import { innerOperator, isWide, wideScratch, wideSlice } from "./wide.ts";

/** Piece i of the root becomes rank i's input. `pieces` is given at the root only. */
export function* directGather(comm: Comm, input: Span, pieces: readonly Span[] | undefined, root: number): Steps {
  if (!pieces) {
    yield comm.send(root, input);
    return;
  }
  comm.copy(pieces[root], input);
  const requests: Request[] = [];
  for (let i = 0; i < comm.size; i++) if (i !== root) requests.push(comm.recv(i, pieces[i]));
  yield requests;
}

/** Rank i's output becomes piece i of the root. `pieces` is given at the root only. */
export function* directScatter(comm: Comm, output: Span, pieces: readonly Span[] | undefined, root: number): Steps {
  if (!pieces) {
    yield comm.recv(root, output);
    return;
  }
  comm.copy(output, pieces[root]);
  const requests: Request[] = [];
  for (let i = 0; i < comm.size; i++) if (i !== root) requests.push(comm.send(i, pieces[i]));
  yield requests;
}

/** Output piece i becomes rank i's input piece `rank`; in step s every rank talks to the rank s away. */
export function* directAllToAll(comm: Comm, outputs: readonly Span[], inputs: readonly Span[]): Steps {
  const { rank, size } = comm;
  comm.copy(outputs[rank], inputs[rank]);
  for (let step = 1; step < size; step++) {
    const to = (rank + step) % size;
    const from = (rank - step + size) % size;
    yield [comm.send(to, inputs[to]), comm.recv(from, outputs[from])];
  }
}

/** Output = every rank's input piece `rank`, combined from rank + 1 upwards, own piece first. */
export function* directReduceScatter(comm: Comm, output: Span, inputs: readonly Span[], operator: Operator): Steps {
  const { rank, size } = comm;
  const { dtype } = output;
  const inner = innerOperator(operator);
  const wide = isWide(dtype, operator);
  const divisor = operator === "mean" ? size : 1;
  const sum = wide ? wideScratch(comm, output.count, dtype) : output;
  if (wide) comm.widen(sum, inputs[rank], divisor);
  else comm.copy(sum, inputs[rank]);
  const room = wide ? wideScratch(comm, Math.max(...inputs.map(({ count }) => count)), dtype) : undefined;
  for (let step = 1; step < size; step++) {
    const to = (rank - step + size) % size;
    const from = (rank + step) % size;
    let piece = inputs[to];
    if (room) {
      piece = wideSlice(room, piece.count, dtype);
      comm.widen(piece, inputs[to], divisor);
    }
    yield [comm.send(to, piece), comm.recvCombine(from, sum, inner)];
  }
  if (wide) comm.narrow(output, sum, divisor);
}

/**
 * allGather through rank 0: for small pieces and many ranks, where a ring has too many steps.
 * @param isWhole whether the pieces are one tensor's, on all ranks alike: then they come as one message.
 */
export function* gatherBroadcast(comm: Comm, pieces: readonly Span[], isWhole: boolean): Steps {
  yield* directGather(comm, pieces[comm.rank], comm.rank === 0 ? pieces : undefined, 0);
  const first = pieces[0];
  const count = pieces.reduce((sum, piece) => sum + piece.count, 0);
  if (isWhole) yield* treeBroadcast(comm, { ...first, count }, 0);
  else for (const piece of pieces) yield* treeBroadcast(comm, piece, 0);
}

/** Nobody leaves before all have come: in round k, tell the rank 2^k ahead (dissemination barrier). */
export function* disseminationBarrier(comm: Comm): Steps {
  const { rank, size } = comm;
  const nothing = comm.scratch(0, "u8");
  for (let distance = 1; distance < size; distance *= 2) {
    yield [comm.send((rank + distance) % size, nothing), comm.recv((rank - distance + size) % size, nothing)];
  }
}
