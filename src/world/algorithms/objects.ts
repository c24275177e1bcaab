/** The object collectives: JSON text as bytes, lengths first. Nothing received is evaluated. */

import type { Call } from "../core/call.ts";
import { type Span, slice } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { gatherBroadcast } from "./direct.ts";
import { JsonText } from "./json-text.ts";
import { none } from "./pieces.ts";
import { ringAllGather } from "./ring.ts";
import { treeBroadcast } from "./tree.ts";

/**
 * The operation that gives every rank the root's value; JSON if it was called with such.
 * @param mine the JSON of the value, at the root.
 */
export function broadcastObjectCall<V>(value: V, mine: string, root: number): Call<V> {
  let text = mine;
  return {
    kind: "broadcastObject",
    args: [new JsonText(mine), root],
    root,
    agree: none,
    reads: none,
    writes: none,
    steps: (comm) => broadcastJson(comm, mine, root, (received) => (text = received)),
    receive: (received) => (text = received as string),
    value: () => (value instanceof JsonText ? text : JSON.parse(text)) as V,
  };
}

/** The operation that gives every rank every rank's value. @param mine the JSON of this rank's. */
export function allGatherObjectCall<V>(value: V, mine: string): Call<V[]> {
  let texts: string[] = [];
  return {
    kind: "allGatherObject",
    args: [new JsonText(mine)],
    agree: none,
    reads: none,
    writes: none,
    steps: (comm) => allGatherJson(comm, mine, (received) => (texts = received)),
    receive: (received) => (texts = received as string[]),
    value: () => (value instanceof JsonText ? texts : texts.map((text) => JSON.parse(text))) as V[],
  };
}

/** @param text the root's value; @param done gets it on every rank. */
function* broadcastJson(comm: Comm, text: string, root: number, done: (text: string) => void): Steps {
  const bytes = new TextEncoder().encode(text);
  const length = comm.scratch(1, "i32");
  if (comm.rank === root) comm.poke(length, bytesOf([bytes.length]));
  yield* treeBroadcast(comm, length, root);
  const span = comm.scratch(numbersOf(comm.peek(length))[0], "u8");
  if (comm.rank === root) comm.poke(span, bytes);
  yield* treeBroadcast(comm, span, root);
  done(new TextDecoder().decode(comm.peek(span)));
}

/** @param done gets every rank's text, in rank order. */
export function* allGatherJson(comm: Comm, text: string, done: (texts: string[]) => void): Steps {
  const bytes = new TextEncoder().encode(text);
  const lengths = yield* allGatherNumbers(comm, [bytes.length]);
  const counts = lengths.map(([count]) => count);
  const all = comm.scratch(
    counts.reduce((a, b) => a + b, 0),
    "u8",
  );
  let from = 0;
  const pieces = counts.map((count) => {
    from += count;
    return slice(all, from - count, from);
  });
  comm.poke(pieces[comm.rank], bytes);
  yield* spread(comm, pieces);
  const [texts, decoder] = [comm.peek(all), new TextDecoder()];
  done(
    pieces.map(({ offset }, i) => decoder.decode(texts.subarray(offset - all.offset, offset - all.offset + counts[i]))),
  );
}

/** Every rank's numbers (i32, equally many), in rank order. */
export function* allGatherNumbers(
  comm: Comm,
  numbers: readonly number[],
): Generator<Request | readonly Request[], number[][], void> {
  const all = comm.scratch(numbers.length * comm.size, "i32");
  const pieces = Array.from({ length: comm.size }, (_, i) => slice(all, i * numbers.length, (i + 1) * numbers.length));
  comm.poke(pieces[comm.rank], bytesOf(numbers));
  yield* spread(comm, pieces);
  const words = numbersOf(comm.peek(all));
  const width = numbers.length;
  return pieces.map((_, i) => words.slice(i * width, (i + 1) * width));
}

/** Pieces of one span to every rank: a ring for few ranks, through rank 0 for many. */
function* spread(comm: Comm, pieces: readonly Span[]): Steps {
  if (comm.size <= 16) yield* ringAllGather(comm, pieces);
  else yield* gatherBroadcast(comm, pieces, true);
}

function bytesOf(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(numbers).buffer);
}

function numbersOf(bytes: Uint8Array): number[] {
  return [...new Int32Array(bytes.slice().buffer)];
}
