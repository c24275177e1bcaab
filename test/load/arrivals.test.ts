/** When requests come: the last exactly at count / rate, gaps of the gamma distribution, ramps by hand. */
import { describe, expect, it } from "vitest";
import { arrivalTimes, Draws } from "../../src/load/index.ts";

const rounded = (times: readonly number[]): number[] => times.map((time) => Math.round(time * 1e6) / 1e6);

/** Mean of some numbers. */
const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

describe("arrivals", () => {
  it.each([0.3, 1, 4, Infinity])(
    "burstiness %f: the last of 200 comes at count / rate, whatever the seed",
    (burstiness) => {
      for (const seed of [0, 1, 2, 2 ** 31]) {
        const times = arrivalTimes(200, { rate: 8, burstiness, seed });
        expect(times).toHaveLength(200);
        expect(times[199]).toBeCloseTo(25_000, 9);
        expect(times.every((time, i) => time > (times[i - 1] ?? 0))).toBe(true);
      }
    },
  );

  it("equal gaps", () => {
    expect(rounded(arrivalTimes(4, { rate: 4, burstiness: Infinity }))).toEqual([250, 500, 750, 1000]);
  });

  it("all at once", () => {
    expect(arrivalTimes(3, { rate: Infinity })).toEqual([0, 0, 0]);
  });

  it("a seed gives the same times again, another seed others", () => {
    const times = (seed: number) => arrivalTimes(20, { rate: 2, seed });
    expect(times(7)).toEqual(times(7));
    expect(times(7)).not.toEqual(times(8));
  });

  it("a linear ramp from 1 to 3 a second: gaps of 1, 1/2 and 1/3 s", () => {
    const ramp = { kind: "linear", from: 1, to: 3 } as const;
    const times = arrivalTimes(3, { rate: Infinity, burstiness: Infinity, ramp });
    expect(rounded(times)).toEqual(rounded([1000, 1500, 1500 + 1000 / 3]));
  });

  it("an exponential ramp from 1 to 4 a second: gaps of 1, 1/2 and 1/4 s", () => {
    const ramp = { kind: "exponential", from: 1, to: 4 } as const;
    expect(rounded(arrivalTimes(3, { rate: Infinity, burstiness: Infinity, ramp }))).toEqual([1000, 1500, 1750]);
    expect(arrivalTimes(1, { rate: Infinity, burstiness: Infinity, ramp })).toEqual([1000]);
  });

  it("a ramp is not stretched, so the gaps themselves must have the right mean, whatever their shape", () => {
    const ramp = { kind: "linear", from: 2, to: 2 } as const;
    for (const burstiness of [0.5, 4])
      expect(arrivalTimes(4000, { rate: Infinity, burstiness, ramp })[3999] / 2e6).toBeCloseTo(1, 1);
  });

  it("refuses what is not a rate", () => {
    expect(() => arrivalTimes(2, { rate: 0 })).toThrow("rate must be more than 0, and is 0.");
    expect(() => arrivalTimes(2, { rate: 1, burstiness: Number.NaN })).toThrow("burstiness must be more than 0");
    const ramp = { kind: "linear", from: -1, to: 4 } as const;
    expect(() => arrivalTimes(2, { rate: 1, ramp })).toThrow("from must be more than 0, and is -1.");
  });
});

describe("draws", () => {
  // Of n draws of mean m and variance v, the mean is off by less than 5 √(v/n), and so on; with a fixed seed it is or is not.
  it.each([
    [0.2, 3],
    [1, 2],
    [9, 0.5],
  ])("gamma of shape %f and scale %f has mean shape × scale and variance shape × scale²", (shape, scale) => {
    const draws = new Draws(3);
    const values = Array.from({ length: 40_000 }, () => draws.gamma(shape, scale));
    const [m, v] = [mean(values), mean(values.map((each) => (each - shape * scale) ** 2))];
    expect(Math.abs(m / (shape * scale) - 1)).toBeLessThan(5 / Math.sqrt(40_000 * shape));
    expect(Math.abs(v / (shape * scale ** 2) - 1)).toBeLessThan(5 * Math.sqrt((2 + 6 / shape) / 40_000));
    expect(Math.min(...values)).toBeGreaterThan(0);
  });

  it("a Poisson process: a gap is longer than its mean with probability 1/e, than twice with 1/e²", () => {
    const draws = new Draws(5);
    const gaps = Array.from({ length: 40_000 }, () => draws.gamma(1, 1));
    for (const far of [1, 2]) {
      const share = gaps.filter((gap) => gap > far).length / gaps.length;
      expect(Math.abs(share - Math.exp(-far))).toBeLessThan(0.01);
    }
  });

  it("normal has mean 0 and variance 1; integers reach both ends; an order loses nothing", () => {
    const draws = new Draws(1);
    const values = Array.from({ length: 40_000 }, () => draws.normal());
    expect(Math.abs(mean(values))).toBeLessThan(0.025);
    expect(Math.abs(mean(values.map((each) => each ** 2)) - 1)).toBeLessThan(0.036);
    const seen = new Set(Array.from({ length: 200 }, () => draws.integer(3, 6)));
    expect([...seen].sort()).toEqual([3, 4, 5, 6]);
    const order = draws.shuffled([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(order).not.toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...order].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
