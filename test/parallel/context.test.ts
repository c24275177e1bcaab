/** Context parallelism: the cut by hand, its balance, and decoders over cut tokens against one rank, over every transport. */
import { describe, expect, it } from "vitest";
import { cutContext, type HostBatch, pairsOf, tilesOf } from "../../src/parallel/context/context.ts";
import type { RankTraffic } from "../../src/world/core/traffic.ts";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

/** Sequences that count up; the last token of each is only predicted. */
function counting(lengths: readonly number[]): HostBatch {
  const tokens: number[] = [];
  const [targets, positions, starts] = [[] as number[], [] as number[], [0]];
  for (const length of lengths) {
    for (let i = 0; i < length; i++) {
      targets.push(i + 1 < length ? tokens.length + 1 : -100);
      tokens.push(tokens.length);
      positions.push(i);
    }
    starts.push(tokens.length);
  }
  const weights = Float32Array.from(targets, (target) => Number(target !== -100));
  const [t, l, p, s] = [tokens, targets, positions, starts].map((each) => Int32Array.from(each));
  return { tokens: t, targets: l, weights, positions: p, starts: s };
}

const plain = ({ tokens, targets, positions, starts }: HostBatch): Record<string, number[]> => ({
  tokens: [...tokens],
  targets: [...targets],
  positions: [...positions],
  starts: [...starts],
});

describe("the cut", () => {
  it("gives each rank an early and a late chunk, with labels and positions of the whole", () => {
    const whole = counting([8]);
    expect(plain(cutContext(whole, { rank: 0, size: 2 }))).toEqual({
      tokens: [0, 1, 6, 7],
      targets: [1, 2, 7, -100],
      positions: [0, 1, 6, 7],
      starts: [0, 2, 4],
    });
    expect(plain(cutContext(whole, { rank: 1, size: 2 }))).toEqual({
      tokens: [2, 3, 4, 5],
      targets: [3, 4, 5, 6],
      positions: [2, 3, 4, 5],
      starts: [0, 2, 4],
    });
  });

  it("pads 2999 tokens to 3000 on 4 ranks with a sequence that does not count", () => {
    const cuts = [0, 1, 2, 3].map((rank) => cutContext(counting([2000, 999]), { rank, size: 4 }));
    expect(cuts.map(({ tokens }) => tokens.length)).toEqual([750, 750, 750, 750]);
    const [first] = cuts;
    expect([first.targets[749], first.weights[749], first.positions[749], first.rows[749]]).toEqual([-100, 0, 0, 2999]);
    expect([...first.sequences]).toEqual([0, 2000, 2999, 3000]);
    const rows = cuts.flatMap((cut) => [...cut.rows]).sort((a, b) => a - b);
    expect(rows).toEqual(Array.from({ length: 3000 }, (_, i) => i));
    for (const cut of cuts) for (const [i, row] of cut.rows.entries()) if (row < 2999) expect(cut.tokens[i]).toBe(row);
  });

  it("makes an empty batch padding", () => {
    const cut = cutContext(counting([]), { rank: 1, size: 3 });
    expect([[...cut.tokens], [...cut.targets], [...cut.weights], [...cut.starts]]).toEqual([
      [0, 0],
      [-100, -100],
      [0, 0],
      [0, 1, 2],
    ]);
  });

  it("refuses arrays that do not fit, with both numbers", () => {
    const whole = counting([8]);
    expect(() => cutContext({ ...whole, targets: whole.targets.slice(1) }, { rank: 0, size: 2 })).toThrow(
      "A batch of 8 tokens has as many targets, but got 7. Cut the whole batch, as packSamples made it.",
    );
    expect(() => cutContext({ ...whole, starts: Int32Array.of(0, 5, 3, 8) }, { rank: 0, size: 2 })).toThrow(
      "The starts of a batch of 8 tokens grow from 0 to 8, but these are 0, 5, 3, 8.",
    );
  });
});

describe("what is computed", () => {
  const sizes = [1, 2, 3, 4, 5, 8];

  it.each(sizes)("is every pair once, for awkward sequences on %i ranks", (size) => {
    for (const lengths of [[40], [1, 1, 1], [13, 1, 7, 2], [3, 0, 17, 0, 5, 1], [2, 30, 8]]) {
      const whole = counting(lengths);
      const cuts = Array.from({ length: size }, (_, rank) => cutContext(whole, { rank, size }));
      const seen = new Map<string, number>();
      const see = (q: number, k: number): void => void seen.set(`${q} ${k}`, (seen.get(`${q} ${k}`) ?? 0) + 1);
      for (const [rank, cut] of cuts.entries()) {
        for (let s = 1; s < cut.starts.length; s++)
          for (let q = cut.starts[s - 1]; q < cut.starts[s]; q++)
            for (let k = cut.starts[s - 1]; k <= q; k++) see(cut.rows[q], cut.rows[k]);
        for (const [owner, { rows }] of cuts.entries())
          for (const { q, k } of tilesOf(cut, { rank, size }, owner))
            for (let i = q[0]; i < q[1]; i++) for (let j = k[0]; j < k[1]; j++) see(cut.rows[i], rows[j]);
      }
      const { sequences } = cuts[0];
      const wanted = new Map<string, number>();
      for (let s = 1; s < sequences.length; s++)
        for (let q = sequences[s - 1]; q < sequences[s]; q++)
          for (let k = sequences[s - 1]; k <= q; k++) wanted.set(`${q} ${k}`, 1);
      expect(seen).toEqual(wanted);
      const pairs = cuts.reduce((sum, cut, rank) => sum + pairsOf(cut, { rank, size }), 0);
      expect(pairs).toBe(wanted.size);
    }
  });

  it.each(sizes)("is as much on each of %i ranks, which it is not for runs of tokens", (size) => {
    const tokens = 4 * size;
    const whole = counting([tokens]);
    const pairs = Array.from({ length: size }, (_, rank) => pairsOf(cutContext(whole, { rank, size }), { rank, size }));
    expect(new Set(pairs)).toEqual(new Set([(tokens * (tokens + 1)) / 2 / size]));
    const run = (rank: number): number => {
      let sum = 0;
      for (let q = 4 * rank; q < 4 * rank + 4; q++) sum += q + 1;
      return sum;
    };
    if (size > 1) expect(run(size - 1) / run(0)).toBeGreaterThan(size);
  });
});

/** Messages that a rank sent, and their bytes, in order. */
function sent({ events }: RankTraffic): number[] {
  return events.flatMap(({ event, kind, bytes = 0 }) => (event === "send" && kind === "send" ? [bytes] : []));
}

interface Case {
  readonly ranks: number;
  readonly transport: "local" | "shm" | "tcp";
  readonly streams?: "inline" | "threaded";
  readonly lengths?: string;
  readonly model?: string;
  readonly way?: string;
  readonly again?: number;
  readonly dp?: number;
}

const all: readonly Case[] = [
  ...[1, 2, 3, 4, 5].map((ranks) => ({ ranks, transport: "local" as const })),
  ...[1, 2, 3, 4, 5].map((ranks) => ({ ranks, transport: "shm" as const, lengths: "3,0,17,5,1", model: "gpt2" })),
  { ranks: 2, transport: "shm", streams: "threaded" },
  { ranks: 3, transport: "shm", streams: "threaded", again: 1 },
  { ranks: 2, transport: "tcp" },
  { ranks: 3, transport: "tcp", lengths: "30", again: 1 },
  { ranks: 2, transport: "tcp", streams: "threaded" },
  { ranks: 3, transport: "local", lengths: "59", again: 1 },
  { ranks: 3, transport: "local", lengths: "1,1,1,1,1" },
  { ranks: 2, transport: "local", lengths: "" },
  { ranks: 4, transport: "shm", dp: 2, lengths: "21,4" },
  { ranks: 1, transport: "local", way: "gathered" },
  { ranks: 3, transport: "local", way: "gathered", lengths: "3,0,17,5,1" },
  { ranks: 5, transport: "shm", way: "gathered", model: "gpt2" },
];

describe("a decoder's loss and gradients are those of one rank", () => {
  it.each(cases(all, 0, 2, 5, 7, 10, 11, 13, 16, 17, 18, 20))(
    "$ranks over $transport $streams: $lengths $model $way $again",
    { timeout: 60_000 },
    async (each) => {
      const {
        ranks,
        transport,
        streams,
        lengths = "13,1,7,2",
        model = "llama",
        way = "ring",
        again = 0,
        dp = 1,
      } = each;
      const options = { lengths, model, way, again, dp };
      const cp = ranks / dp;
      const { failure, shown, records } = await runProgram("test/programs/context.ts", {
        ranks,
        transport,
        ...(streams && { streams }),
        recorded: true,
        options,
      });
      expect(failure?.message).toBe(undefined);
      const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row] : []));
      expect(rows.length).toBe(ranks);
      for (const row of rows) {
        expect(row.parameters).toBe(model === "llama" ? 20 : 36);
        expect(Number(row.loss)).toBeLessThan(1e-5);
        expect([row.worstName, Number(row.worst) < 1e-5]).toEqual([row.worstName, true]);
        // Where streams run in threads, the host hears of what was freed some time later.
        if (streams !== "threaded") expect(row.leaked).toBe(0);
      }
      if (way !== "ring") return;
      const tokens = lengths.split(",").reduce((sum, length) => sum + Number(length), 0);
      const own = 2 * Math.max(1, Math.ceil(tokens / (2 * cp)));
      for (const row of rows) {
        expect(row.refused).toBe(
          `RingAttention was made for a cut of ${own} tokens, but got q of 1: f32[1,4,4]. Make one for each batch.`,
        );
      }
      // What goes round: keys and values of a rank's tokens, forward n - 1 times and backward as often; their gradients n times.
      const bytes = 2 * own * (model === "llama" ? 2 : 4) * 4 * 4;
      const [runs, layers] = [2, 2];
      const messages = cp === 1 ? 0 : runs * layers * ((again ? 3 : 2) * (cp - 1) + cp);
      for (const { traffic } of records) expect(sent(traffic)).toEqual(Array.from({ length: messages }, () => bytes));
    },
  );
});
