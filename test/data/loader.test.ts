/** Which samples come when: every sample once in an epoch, exact resumption at any number of ranks, nothing counted twice. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeParts,
  Loader,
  type LoaderState,
  packSamples,
  type Sample,
  type Samples,
  shareOf,
  shuffledIndex,
  windowsOf,
} from "../../src/data/index.ts";

/** Samples of one id each, which is their number. */
function numbered(count: number): Samples {
  return { count, get: (index) => ({ ids: [index], weights: [1] }) };
}

const idsOf = (samples: readonly Sample[]): number[] => samples.map(({ ids }) => ids[0]);

describe("the order", () => {
  it("of an epoch is a permutation, another in each epoch and for each seed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer(), fc.nat(5), (count, seed, epoch) => {
        const order = Array.from({ length: count }, (_, i) => shuffledIndex(i, count, seed, epoch));
        expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, i) => i));
      }),
    );
    const order = (seed: number, epoch: number): number[] =>
      Array.from({ length: 50 }, (_, i) => shuffledIndex(i, 50, seed, epoch));
    expect(order(1, 0)).not.toEqual(order(1, 1));
    expect(order(1, 0)).not.toEqual(order(2, 0));
    expect(order(1, 0)).not.toEqual(order(1 + 2 ** 32, 0));
    expect(() => shuffledIndex(5, 5, 0, 0)).toThrow("Index 5 is not among 5");
  });

  it("puts every sample into every place alike", () => {
    const [count, epochs] = [10, 4000];
    const hits = Array.from({ length: count }, () => new Array<number>(count).fill(0));
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let i = 0; i < count; i++) hits[i][shuffledIndex(i, count, 7, epoch)]++;
    }
    const sigma = Math.sqrt((epochs / count) * (1 - 1 / count));
    for (const row of hits) for (const each of row) expect(Math.abs(each - epochs / count)).toBeLessThan(5 * sigma);
  });
});

describe("a run goes on", () => {
  const steps = (state: LoaderState | undefined, count: number, n: number): { ids: number[]; state: LoaderState } => {
    const loader = new Loader(numbered(count), { seed: 3, tokensPerStep: 2 }, state);
    const ids = Array.from({ length: n }, () => idsOf(loader.next())).flat();
    return { ids, state: loader.state };
  };

  it("in the second epoch with the rest of that epoch's order", () => {
    const whole = steps(undefined, 10, 10);
    const part = steps(undefined, 10, 8); // 5 steps of epoch 0, 3 of epoch 1
    expect(part.state).toEqual({ epoch: 1, index: 6 });
    const rest = steps(part.state, 10, 2);
    expect(rest.ids).toEqual(whole.ids.slice(16));
    const order = Array.from({ length: 10 }, (_, i) => shuffledIndex(i, 10, 3, 1));
    expect(rest.ids).toEqual(order.slice(6));
  });

  it("with another number of ranks, each sample once", () => {
    const loader = new Loader(numbered(100), { seed: 1, tokensPerStep: 6 });
    const seen: number[] = [];
    for (let step = 0; step < 2; step++) {
      const samples = loader.next();
      for (const rank of [0, 1]) seen.push(...idsOf(shareOf(samples, rank, 2)));
    }
    const again = new Loader(numbered(100), { seed: 1, tokensPerStep: 6 }, loader.state);
    for (let step = 0; step < 3; step++) {
      const samples = again.next();
      for (const rank of [0, 1, 2]) seen.push(...idsOf(shareOf(samples, rank, 3)));
    }
    const order = Array.from({ length: 30 }, (_, i) => shuffledIndex(i, 100, 1, 0));
    expect(seen.sort((a, b) => a - b)).toEqual(order.sort((a, b) => a - b));
  });

  it("where it stands says what was consumed, not what somebody has fetched ahead", () => {
    const loader = new Loader(numbered(100), { seed: 1, tokensPerStep: 3 });
    const states: LoaderState[] = [];
    const fetched = Array.from({ length: 4 }, () => {
      states.push(loader.state);
      return idsOf(loader.next());
    });
    const after = new Loader(numbered(100), { seed: 1, tokensPerStep: 3 }, states[1]); // one step was consumed
    expect(idsOf(after.next())).toEqual(fetched[1]);
  });

  it("refuses a place that is none", () => {
    expect(() => new Loader(numbered(5), { seed: 0, tokensPerStep: 1 }, { epoch: 0, index: 6 })).toThrow(
      "There is no sample 6 of epoch 0: an epoch has 5.",
    );
    expect(() => new Loader(numbered(0), { seed: 0, tokensPerStep: 1 })).toThrow("no samples");
    expect(() => new Loader(numbered(5), { seed: 0, tokensPerStep: 0 })).toThrow("at least one token");
  });
});

it("a step takes samples until the next would not fit, and one that is too long by itself", () => {
  const lengths = [3, 4, 9, 2, 2, 2];
  const samples: Samples = {
    count: Number.POSITIVE_INFINITY,
    get: (i) => ({
      ids: new Array<number>(lengths[i] ?? 1).fill(i),
      weights: new Array<number>(lengths[i] ?? 1).fill(1),
    }),
  };
  const loader = new Loader(samples, { seed: 0, tokensPerStep: 7 });
  expect([1, 2, 3].map(() => idsOf(loader.next()))).toEqual([[0, 1], [2], [3, 4, 5, 6]]);
});

it("what is evaluated is shared out without a sample twice: the mean of 1 to 5 on two ranks is 3", () => {
  const values = [1, 2, 3, 4, 5];
  const mean = (shares: readonly number[][]): number => {
    const all = shares.flat();
    return all.reduce((sum, value) => sum + value, 0) / all.length;
  };
  const shares = [0, 1].map((rank) => shareOf(values, rank, 2));
  expect(mean(shares)).toBe(3);
  const padded = (with_: number): number[][] => shares.map((share) => (share.length < 3 ? [...share, with_] : share));
  expect(mean(padded(values[0]))).toBeCloseTo(2.6667, 4);
  expect(mean(padded(values[4]))).toBeCloseTo(3.3333, 4);
  for (const size of [1, 2, 3, 5, 7]) {
    const all = Array.from({ length: size }, (_, rank) => shareOf(values, rank, size)).flat();
    expect(all.sort((a, b) => a - b)).toEqual(values);
  }
});

describe("packing", () => {
  const encoder = {
    encode: (text: string) => [...text].map((c) => c.charCodeAt(0)),
    bos: 1,
    eos: 2,
    user: 3,
    assistant: 4,
  };

  it("never crosses samples: y is x moved by one within each, and positions begin anew", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(99), { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 6 }),
        (lists) => {
          const samples = lists.map((ids) => ({ ids, weights: ids.map((_, i) => (i % 3 === 0 ? 0 : 1)) }));
          const { tokens, targets, weights, positions, starts, weight } = packSamples(samples);
          expect(starts.length).toBe(lists.length + 1);
          let counted = 0;
          for (const [s, { ids, weights: own }] of samples.entries()) {
            const [from, to] = [starts[s], starts[s + 1]];
            expect([...tokens.slice(from, to)]).toEqual(ids.slice(0, -1));
            expect([...targets.slice(from, to)]).toEqual(ids.slice(1).map((id, i) => (own[i + 1] === 0 ? -100 : id)));
            expect([...positions.slice(from, to)]).toEqual(ids.slice(1).map((_, i) => i));
            counted += [...weights.slice(from, to)].reduce((sum, each) => sum + each, 0);
          }
          expect(weight).toBe(counted);
          expect(tokens.length).toBe(starts[lists.length]);
        },
      ),
    );
  });

  it("a document has its roles, and only what the model says counts", () => {
    const sample = encodeParts(
      [
        { role: "user", text: "a", weight: 0 },
        { role: "assistant", text: "bc", weight: 1 },
        { role: "plain", text: "d", weight: 0.5 },
      ],
      encoder,
    );
    expect(sample.ids).toEqual([1, 3, 97, 4, 98, 99, 2, 100, 2]);
    expect(sample.weights).toEqual([0, 0, 0, 0, 1, 1, 1, 0.5, 0.5]);
  });

  it("windows of a long text predict each of its tokens once, and none of the others'", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 10, max: 99 }), { maxLength: 60 }),
        fc.integer({ min: 2, max: 20 }),
        (ids, length) => {
          const windows = windowsOf(ids, length, encoder);
          expect(windows.flatMap((window) => window.ids.slice(1))).toEqual([...ids, 2]);
          for (const window of windows) {
            expect(window.ids.length).toBeLessThanOrEqual(length);
            expect([window.ids[0], window.weights[0]]).toEqual([1, 0]);
          }
        },
      ),
    );
  });
});
