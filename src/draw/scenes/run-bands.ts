/** Bands of a recorded run in which rank r's numbers are 2^r, so that every sum tells whose numbers are in it. */

import type { Recorded } from "../figure.ts";
import type { Band, Held } from "./bands.ts";
import { chunksIn, chunksOf, heldSum, holdingsOf, sumText } from "./holdings.ts";
import { type RoundMessage, roundsOf } from "./rounds.ts";

/** How a run's rounds are told. */
export interface Telling {
  /** Pieces that a tensor is cut into; 1 if not given. */
  readonly chunks?: number;
  /** Whether a rank may send and receive any number of messages in a round. */
  readonly atOnce?: boolean;
  /** What a round is called. @param round from 0. */
  label(round: number, messages: readonly RoundMessage[]): string;
  /** What stands on an arrow; its sum if not given. @param chunks it carries. @param value of each of their elements. */
  arrow?(chunks: readonly number[], value: number): string;
  /** What a piece holds, in words; its sum if not given. */
  piece?(value: number): Held;
}

/** What ranks hold at first, and the rounds with what they hold then. @throws RangeError where a chunk's elements differ. */
export function bandsOf({ traffic }: Recorded, telling: Telling): { before: Held[][]; bands: Band[] } {
  const {
    chunks = 1,
    atOnce,
    label,
    arrow = (_, value) => sumText(value),
    piece = (value) => heldSum(value, traffic.length),
  } = telling;
  const run = roundsOf(traffic, { atOnce });
  const [before, ...after] = holdingsOf(traffic, run).map((all) =>
    all.map((values) => chunksOf(values, chunks).map(piece)),
  );
  const bands = run.rounds.map((messages, round): Band => {
    const arrows = messages.map(({ from, to, part }) => {
      const carried = part ? chunksIn(part, chunks) : [];
      return {
        from,
        to,
        label: arrow(
          carried.map(({ chunk }) => chunk),
          carried[0]?.value,
        ),
      };
    });
    return { label: label(round, messages), arrows, after: after[round] };
  });
  return { before, bands };
}
