/** Forms from a few numbers. */
import { expect, it } from "vitest";
import { gpt2Shape, llamaShape, readConfig, writeConfig } from "../../src/models/index.ts";

const numbers = { vocabularySize: 100, width: 24, layers: 2, heads: 3, ffnWidth: 40 };

it("are forms that config.json can say, and say the rest themselves", () => {
  for (const make of [llamaShape, gpt2Shape]) {
    const config = make({ ...numbers, maxPositions: 77 });
    expect(config).toMatchObject({ ...numbers, kvHeads: 3, headDim: 8, maxPositions: 77 });
    const text = writeConfig(config, {});
    expect(readConfig(new TextEncoder().encode(text), "config.json")).toMatchObject({
      family: config.family,
      ...numbers,
    });
  }
  expect(llamaShape({ ...numbers, kvHeads: 1, tied: false })).toMatchObject({
    kvHeads: 1,
    tied: false,
    positions: "rope",
  });
});

it("refuse heads that do not share the width", () => {
  expect(() => llamaShape({ ...numbers, heads: 5 })).toThrow("5 heads cannot share a width of 24 evenly.");
  expect(() => llamaShape({ ...numbers, heads: 8 })).toThrow("a head of 3 has one left over");
  expect(gpt2Shape({ ...numbers, heads: 8 }).headDim).toBe(3);
});
