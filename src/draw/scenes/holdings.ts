/**
 * What each rank holds before the first round and after each: the values of one buffer, as they were
 * really seen in a run that was looked at (`glimpsed`), and those values in words.
 */
import type { Glimpse, RankTraffic } from "../../world/index.ts";
import { letterOf } from "../scene.ts";
import type { Held } from "./bands.ts";
import type { Rounds } from "./rounds.ts";

/** Values of a buffer seen at a place of a rank's log. */
interface Sighting {
  readonly at: number;
  readonly glimpse: Glimpse;
}

/**
 * By round, the first of which is before all messages, and by rank: the buffer that the rank's first
 * operation works on. A rank's values change in a round in which it receives; what it then calculates
 * counts as well, where it is seen when it next sends.
 */
export function holdingsOf(traffic: readonly RankTraffic[], { rounds }: Rounds): (readonly number[])[][] {
  const held = rounds.map((): (readonly number[])[] => []);
  const first: (readonly number[])[] = [];
  traffic.forEach(({ events }, rank) => {
    const seen = events.flatMap(({ seen = [], part }, at): Sighting[] =>
      [...seen, ...(part ? [part] : [])].map((glimpse) => ({ at, glimpse })),
    );
    const buffer = events.flatMap(({ seen = [] }) => seen)[0]?.buffer;
    const own = seen.filter(({ glimpse }) => glimpse.buffer === buffer);
    const valuesAt = (at: number): readonly number[] | undefined => own.find((each) => each.at === at)?.glimpse.values;
    const sends = rounds.flatMap((round, k) =>
      round.filter(({ from }) => from === rank).map(({ sent }) => ({ round: k, at: sent })),
    );
    const incoming = rounds.map((round) => round.filter(({ to }) => to === rank));
    const gets = incoming.map((messages) =>
      messages
        .map(({ received }) => received)
        .sort((a, b) => a - b)
        .at(-1),
    );
    let values = own[0]?.glimpse.values ?? [];
    first[rank] = values;
    gets.forEach((at, k) => {
      if (at !== undefined) {
        const next = gets.findIndex((other, later) => later > k && other !== undefined);
        const send = sends.find((each) => each.round > k && each.at > at && (next < 0 || each.round <= next));
        const end = events.findIndex(
          ({ event, operation }, place) => place > at && event === "end" && operation === events[at].operation,
        );
        const last = next < 0 ? own.at(-1)?.glimpse.values : valuesAt(end);
        const found = (send && valuesAt(send.at)) ?? last ?? values;
        // What comes into the buffer itself changes that part only, although more may have come when it was seen.
        const parts = incoming[k].map(({ into }) => into);
        const isNew = (i: number): boolean =>
          parts.some((into) => into?.buffer !== buffer || (into !== undefined && i >= into.from && i < into.to));
        values = found.map((value, i) => (isNew(i) ? value : values[i]));
      }
      held[k][rank] = values;
    });
  });
  return [first, ...held];
}

/** Ranks whose contribution is in a sum, where rank r contributes 2^r. */
export function ranksIn(value: number): number[] {
  return Array.from({ length: 32 }, (_, rank) => rank).filter((rank) => Math.floor(value / 2 ** rank) % 2 === 1);
}

/** `a`, `a+b`, of more than three `a+…+d`; nothing for 0. @param value a sum of 2^r of some ranks r. */
export function sumText(value: number): string {
  const letters = ranksIn(value).map(letterOf);
  return letters.length > 3 ? `${letters[0]}+…+${letters.at(-1)}` : letters.join("+");
}

/** The value of each chunk of a buffer. @throws RangeError where the elements of a chunk differ. */
export function chunksOf(values: readonly number[], chunks: number): number[] {
  return Array.from({ length: chunks }, (_, c) => {
    const own = values.slice(Math.floor((values.length * c) / chunks), Math.floor((values.length * (c + 1)) / chunks));
    if (own.some((value) => value !== own[0])) throw new RangeError(`Chunk ${c} holds different values: ${own}.`);
    return own[0];
  });
}

/** The chunks that a part of a buffer covers, and their values. */
export function chunksIn(
  { from, to, size, first, values }: Glimpse,
  chunks: number,
): { chunk: number; value: number }[] {
  return Array.from({ length: chunks }, (_, chunk) => chunk).flatMap((chunk) => {
    const start = Math.floor((size * chunk) / chunks);
    return start >= from && start < to ? [{ chunk, value: values[start - first] }] : [];
  });
}

/** A sum of 2^r as a piece of a picture: in its rank's colour while it is one rank's alone, dark when it is of all. @param of ranks in all. */
export function heldSum(value: number, of: number): Held {
  const ranks = ranksIn(value);
  const ink = ranks.length === 0 ? "line" : ranks.length === 1 ? ranks[0] : ranks.length === of ? "ink" : "soft";
  return { text: sumText(value), ink };
}
