/** Which samples come next: the same for any number of ranks, exact after a stop, and each once in an epoch. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Loader,
  type LoaderState,
  Prefetcher,
  packSamples,
  RowPacker,
  type Sample,
  shareOf,
  shuffledIndex,
} from "../../src/data/index.ts";

/** Samples of two ids, the first of which is their number. */
const numbered = (count: number) => ({
  count,
  get: (index: number): Sample => ({ ids: [index, index + 1], weights: [0, 1] }),
});
const numbersOf = (samples: readonly Sample[]): number[] => samples.map(({ ids }) => ids[0]);
const perStep = (samples: number, seed = 3) => ({ seed, tokensPerStep: 2 * samples });
const orderOf = (count: number, seed: number, epoch: number): number[] =>
  Array.from({ length: count }, (_, i) => shuffledIndex(i, count, seed, epoch));

describe("the order of an epoch", () => {
  it("is a permutation of any count, also of 1, 2 and counts beside powers of two", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2100 }),
        fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
        fc.nat(50),
        (count, seed, epoch) => {
          expect(orderOf(count, seed, epoch).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        },
      ),
    );
  });

  it("reaches above a million, and is another for another seed and epoch", () => {
    expect(new Set(Array.from({ length: 5000 }, (_, i) => shuffledIndex(i, 2 ** 31 - 1, 1, 0))).size).toBe(5000);
    const [base, ...others] = [orderOf(50, 3, 0), orderOf(50, 3, 1), orderOf(50, 4, 0), orderOf(50, 3 + 2 ** 32, 0)];
    for (const other of others) expect(other).not.toEqual(base);
    expect(() => shuffledIndex(5, 5, 0, 0)).toThrow("Index 5 is not among 5.");
  });

  it("is uniform within 5 sigma: every sample stands at every place alike", () => {
    const [count, epochs] = [12, 6000];
    const seen = Array.from({ length: count }, () => new Array<number>(count).fill(0));
    for (let epoch = 0; epoch < epochs; epoch++)
      for (const [place, sample] of orderOf(count, 7, epoch).entries()) seen[place][sample]++;
    const sigma = Math.sqrt(epochs * (1 / count) * (1 - 1 / count));
    for (const row of seen) for (const times of row) expect(Math.abs(times - epochs / count)).toBeLessThan(5 * sigma);
  });
});

describe("a run that stops and goes on", () => {
  it("12 samples over two ranks, then three: 12, 13, 14 … each once", () => {
    const endless = { ...numbered(0), count: Infinity };
    const two = new Loader(endless, perStep(4));
    const read: number[] = [];
    for (let step = 0; step < 3; step++) {
      const samples = two.next();
      for (const rank of [0, 1]) read.push(...numbersOf(shareOf(samples, rank, 2)));
    }
    expect(read.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    const three = new Loader(endless, perStep(6), two.state);
    const rest = [three.next(), three.next()].flatMap((all) =>
      [0, 1, 2].flatMap((rank) => numbersOf(shareOf(all, rank, 3))),
    );
    expect(rest.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => 12 + i));
  });

  it("in epoch 1 after 3 steps of 2 of 10: the rest is the tail of epoch 1's order, not of epoch 0's", () => {
    const loader = new Loader(numbered(10), perStep(2));
    for (let step = 0; step < 5 + 3; step++) loader.next();
    expect(loader.state).toEqual({ epoch: 1, index: 6 });
    const resumed = new Loader(numbered(10), perStep(2), JSON.parse(JSON.stringify(loader.state)) as LoaderState);
    const rest = [resumed.next(), resumed.next()].flatMap(numbersOf);
    expect(rest).toEqual(orderOf(10, 3, 1).slice(6));
    expect(rest).not.toEqual(orderOf(10, 3, 0).slice(6));
    expect(numbersOf(resumed.next())).toEqual(orderOf(10, 3, 2).slice(0, 2));
  });

  it("at any step, with any ranks: what was read is each sample of the epoch once", () => {
    const cases = fc.tuple(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(70),
    );
    fc.assert(
      fc.property(cases, ([count, size, before, after, stop]) => {
        const first = new Loader(numbered(count), perStep(size));
        const read: number[] = [];
        const take = (loader: Loader, ranks: number): void => {
          const samples = loader.next();
          for (let rank = 0; rank < ranks; rank++) read.push(...numbersOf(shareOf(samples, rank, ranks)));
        };
        const steps = Math.ceil(count / size);
        for (let s = 0; s < Math.min(stop, steps); s++) take(first, before);
        const second = new Loader(numbered(count), perStep(size), first.state);
        for (let s = Math.min(stop, steps); s < steps; s++) take(second, after);
        expect(read.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it("prefetched by 4: the state is of what was consumed, and nothing fetched is lost", () => {
    const source = new Loader(numbered(100), perStep(2));
    const ahead = new Prefetcher(source, 4);
    ahead.next();
    ahead.fill();
    expect(ahead.state).toEqual({ epoch: 0, index: 2 });
    expect(source.state).toEqual({ epoch: 0, index: 10 }); // a checkpoint of this would lose 8 samples
    const resumed = new Loader(numbered(100), perStep(2), ahead.state);
    for (let step = 0; step < 20; step++) expect(ahead.next()).toEqual(resumed.next());
    expect(() => new Prefetcher(source, -1)).toThrow("The depth of a prefetcher is a whole number from 0, not -1.");
  });

  it("prefetched rows go on from their remainder, too", () => {
    const document = (index: number): Sample => ({ ids: [index, 1, 2, 3, 4, 5, 6], weights: [0, 1, 1, 1, 1, 1, 1] });
    const ahead = new Prefetcher(new RowPacker(document, { length: 4 }), 3);
    ahead.fill();
    ahead.next();
    expect(ahead.state).toEqual({ index: 0, remainder: 4 });
    expect(new RowPacker(document, { length: 4 }, ahead.state).next()).toEqual(ahead.next());
  });

  it("refuses a state that the samples do not have", () => {
    expect(() => new Loader(numbered(10), perStep(2), { epoch: 0, index: 11 })).toThrow(
      "There is no sample 11 of epoch 0: an epoch has 10.",
    );
    expect(() => new Loader(numbered(10), perStep(2), { epoch: -1, index: 0 })).toThrow("epoch -1");
    expect(() => new Loader(numbered(0), perStep(2))).toThrow("There are no samples to learn from.");
    expect(() => new Loader(numbered(1), { seed: 0, tokensPerStep: 0 })).toThrow("at least one token, not 0");
  });
});

describe("evaluation counts no sample twice", () => {
  const values = [1, 2, 3, 4, 5];
  /** The mean over two ranks, as a run computes it: sums and counts are added, and divided once. */
  const meanOver = (shares: readonly (readonly number[])[]): number =>
    shares.flat().reduce((sum, value) => sum + value, 0) / shares.flat().length;

  it("values 1 to 5 on two ranks have the mean 3", () => {
    expect(meanOver([0, 1].map((rank) => shareOf(values, rank, 2)))).toBe(3);
  });

  it("and a split that pads is seen: 2.6667 with the first, 3.3333 with the last", () => {
    const padded = (extra: number) => meanOver([0, 1].map((rank) => shareOf([...values, extra], rank, 2)));
    expect(padded(values[0])).toBeCloseTo(2.6667, 4);
    expect(padded(values[4])).toBeCloseTo(3.3333, 4);
  });

  it("shares are disjoint, whole, and differ by one at most, whatever the ranks", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 9 }), (count, size) => {
        const all = Array.from({ length: count }, (_, i) => i);
        const shares = Array.from({ length: size }, (_, rank) => shareOf(all, rank, size));
        expect(shares.flat().sort((a, b) => a - b)).toEqual(all);
        const lengths = shares.map(({ length }) => length);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

it("batches are y = x + 1 in each sample, the first and the last start reached", () => {
  const text = Array.from({ length: 9 }, (_, i) => i);
  const windows = {
    count: 6,
    get: (from: number): Sample => ({ ids: text.slice(from, from + 4), weights: [0, 1, 1, 1] }),
  };
  const loader = new Loader(windows, { seed: 1, tokensPerStep: 8 });
  const firsts = new Set<number>();
  for (let step = 0; step < 3; step++) {
    const { tokens, targets, positions, starts } = packSamples(loader.next());
    for (let i = 0; i < tokens.length; i++) expect(targets[i]).toBe(tokens[i] + 1);
    for (const start of starts.slice(0, -1)) firsts.add(tokens[start]);
    expect([...positions.slice(0, 3)]).toEqual([0, 1, 2]);
  }
  expect([...firsts].sort()).toEqual([0, 1, 2, 3, 4, 5]);
});
