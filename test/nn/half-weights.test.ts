/** Why weights of half precision need a copy in f32: small steps are rounded away. Plain numbers; the optimizers of nn are held to these. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../../src/tensor/index.ts";
import { roundToBf16 } from "../helpers/bf16.ts";

/** What the library makes of a number as bf16. */
const byBits = (x: number): number => decode(Uint8Array.from(encode([x], "bf16")), "bf16")[0];

describe("rounding to bf16", () => {
  it("is what the library does, for every f32", () => {
    const numbers = fc.oneof(fc.float({ noNaN: true }), fc.float({ noNaN: true, min: -4, max: 4 }));
    fc.assert(
      fc.property(numbers, (x) => {
        expect(roundToBf16(x)).toBe(byBits(x));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes ties to even, and the largest to infinity", () => {
    const step = 2 ** -7;
    const cases = [
      [1 + step / 2, 1],
      [1 + (3 * step) / 2, 1 + 2 * step],
      [-1 - (3 * step) / 2, -1 - 2 * step],
      [1 - step / 4, 1],
      [1 - (3 * step) / 4, 1 - step],
      [2 ** 128 - 2 ** 120, 2 ** 128 - 2 ** 120],
      [2 ** 128 - 2 ** 119, Number.POSITIVE_INFINITY],
      [2 ** -133, 2 ** -133],
      [2 ** -135, 0],
      [257, 256],
      [259, 260],
    ];
    for (const [x, rounded] of cases) {
      expect(roundToBf16(x)).toBe(rounded);
      expect(byBits(x)).toBe(rounded);
    }
  });
});

describe("small steps", () => {
  it("100 steps of -6e-4 leave a bf16 weight at 1, and move one with an f32 copy to 0.94", () => {
    let [half, master] = [1, 1];
    for (let step = 0; step < 100; step++) {
      half = roundToBf16(half - 6e-4);
      master = Math.fround(master - Math.fround(6e-4));
    }
    expect(half).toBe(1);
    expect(master).toBeCloseTo(0.940002, 6);
    expect(roundToBf16(master)).toBe(0.94140625);
  });

  it("a step counts from half a spacing on, unless it is rounded itself before", () => {
    expect(roundToBf16(1 - 0.00195)).toBe(1);
    expect(roundToBf16(1 - 0.00196)).toBe(0.99609375);
    for (const step of [0.00195, 0.00196]) {
      expect(roundToBf16(step)).toBe(0.001953125);
      expect(roundToBf16(1 - roundToBf16(step))).toBe(1);
    }
  });

  it("a sum of ones stops at 256", () => {
    let sum = 0;
    for (let i = 0; i < 1000; i++) sum = roundToBf16(sum + 1);
    expect(sum).toBe(256);
    expect(Math.fround(256 + 1)).toBe(257);
  });
});
