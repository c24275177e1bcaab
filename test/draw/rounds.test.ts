/** Rounds of recorded runs: as many as the algorithm has, each rank in one message each way, and what ranks held. */
import { describe, expect, it } from "vitest";
import { bandsOf, chunksOf, holdingsOf, roundsOf, sumText } from "../../src/draw/index.ts";
import type { RankTraffic } from "../../src/world/index.ts";
import { runProgram } from "../helpers/jobs.ts";

/** An all_reduce of `elements` of 2^rank on some ranks, by an algorithm; or another program. */
async function recorded(
  ranks: number,
  options: Record<string, unknown>,
  more: { transport?: "local" | "tcp"; interleaving?: number } = {},
): Promise<RankTraffic[]> {
  const job = { ranks, transport: "local", recorded: true, glimpsed: 64, options, ...more } as const;
  const { failure, records } = await runProgram("test/programs/rounds.ts", job);
  expect(failure?.message).toBeUndefined();
  return records.map(({ traffic }) => traffic);
}

const log2 = (n: number): number => Math.ceil(Math.log2(n));

/** Rounds of an all_reduce on n ranks. */
const expected: Record<string, { worlds: readonly number[]; rounds: (n: number) => number }> = {
  ring: { worlds: [2, 3, 5, 8], rounds: (n) => 2 * (n - 1) },
  doubling: { worlds: [2, 4, 8], rounds: log2 },
  halving: { worlds: [2, 4, 8], rounds: (n) => 2 * log2(n) },
  tree: { worlds: [2, 4, 8], rounds: (n) => 2 * log2(n) },
  "one-shot": { worlds: [2, 3, 5], rounds: (n) => n - 1 },
};

describe.each(Object.entries(expected))("%s", (algorithm, { worlds, rounds }) => {
  it.each(worlds)("on %i ranks", async (ranks) => {
    const traffic = await recorded(ranks, { algorithm, elements: 8 * ranks });
    const run = roundsOf(traffic);
    expect(run.rounds).toHaveLength(rounds(ranks));
    const sent = traffic.flatMap(({ events }) => events.filter(({ event }) => event === "send"));
    expect(run.rounds.flat()).toHaveLength(sent.length);
    for (const round of run.rounds) {
      expect(new Set(round.map(({ from }) => from)).size).toBe(round.length);
      expect(new Set(round.map(({ to }) => to)).size).toBe(round.length);
    }
  });
});

describe.each([undefined, 1, 2, 3])("whatever the turns are (%s)", (interleaving) => {
  it("a ring's rounds, and what each rank holds after each", async () => {
    const traffic = await recorded(3, { algorithm: "by hand", elements: 9 }, { interleaving });
    const { before, bands } = bandsOf(
      { traffic, shown: [] },
      { chunks: 3, label: (round) => `${round}`, arrow: ([chunk], value) => `${chunk}: ${sumText(value)}` },
    );
    const texts = (held: readonly (readonly { readonly text: string }[])[] = []) =>
      held.map((pieces) => pieces.map(({ text }) => text).join(" "));
    expect(texts(before)).toEqual(["a a a", "b b b", "c c c"]);
    expect(bands.map(({ arrows }) => arrows.map(({ label }) => label).join(", "))).toEqual([
      "0: a, 1: b, 2: c",
      "2: a+c, 0: a+b, 1: b+c",
      "1: a+b+c, 2: a+b+c, 0: a+b+c",
      "0: a+b+c, 1: a+b+c, 2: a+b+c",
    ]);
    expect(bands.map(({ after }) => texts(after))).toEqual([
      ["a a a+c", "a+b b b", "c b+c c"],
      ["a a+b+c a+c", "a+b b a+b+c", "a+b+c b+c c"],
      ["a+b+c a+b+c a+c", "a+b a+b+c a+b+c", "a+b+c b+c a+b+c"],
      ["a+b+c a+b+c a+b+c", "a+b+c a+b+c a+b+c", "a+b+c a+b+c a+b+c"],
    ]);
  });

  it("halving: what comes later is not held earlier", async () => {
    const traffic = await recorded(4, { algorithm: "halving", elements: 4 }, { interleaving });
    const held = holdingsOf(traffic, roundsOf(traffic));
    expect(held.map((all) => all.map((values) => values.join(" ")))).toEqual([
      ["1 1 1 1", "2 2 2 2", "4 4 4 4", "8 8 8 8"],
      ["5 5 1 1", "10 10 2 2", "4 4 5 5", "8 8 10 10"],
      ["15 5 1 1", "10 15 2 2", "4 4 15 5", "8 8 10 15"],
      ["15 15 1 1", "15 15 2 2", "4 4 15 15", "8 8 15 15"],
      ["15 15 15 15", "15 15 15 15", "15 15 15 15", "15 15 15 15"],
    ]);
  });
});

it("over sockets, a run has the rounds that it has in one thread", async () => {
  const own = async (transport: "local" | "tcp") =>
    roundsOf(await recorded(4, { algorithm: "doubling", elements: 4 }, { transport })).rounds.map((round) =>
      round.map(({ from, to }) => `${from}>${to}`).join(" "),
    );
  expect(await own("tcp")).toEqual(await own("local"));
});

it("an exchange with both sides takes two rounds, or one where all may travel at once", async () => {
  const traffic = await recorded(3, { algorithm: "exchange", elements: 1 });
  expect(roundsOf(traffic).rounds.map(({ length }) => length)).toEqual([3, 3]);
  expect(roundsOf(traffic, { atOnce: true }).rounds.map(({ length }) => length)).toEqual([6]);
});

it("messages that nobody receives are in no round", async () => {
  const job = { ranks: 3, transport: "local", recorded: true, options: { deadlock: true } } as const;
  const script = "course/part1-distributed/chapter02-point-to-point/scripts/send-recv-basic.ts";
  const { ok, records } = await runProgram(script, job);
  expect(ok).toBe(false);
  expect(roundsOf(records.map(({ traffic }) => traffic)).rounds).toEqual([]);
});

it("sums in words", () => {
  expect([0, 1, 3, 7, 15, 10, 255].map(sumText)).toEqual(["", "a", "a+b", "a+b+c", "a+…+d", "b+d", "a+…+h"]);
  expect(chunksOf([1, 1, 2, 2, 2], 2)).toEqual([1, 2]);
  expect(() => chunksOf([1, 2], 1)).toThrow("Chunk 0 holds different values: 1,2.");
});
