/**
 * What is made from a seed is part of a checkpoint: a run that goes on makes its documents anew. These sums pin them, so
 * that a change of the generator is a decision (models trained before it cannot be gone on with), not an accident.
 */
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { documentSamples, makeDocument, makeStory } from "../../src/data/index.ts";
import { mulberry32 } from "../../src/platform/random.ts";

function sumOf(seed: number, make: (random: () => number) => unknown): string {
  const random = mulberry32(seed);
  const hash = createHash("sha256");
  for (let i = 0; i < 500; i++) hash.update(JSON.stringify(make(random)));
  return hash.digest("hex").slice(0, 16);
}

it("the same seeds make the same stories and documents as when models were trained", () => {
  expect(sumOf(5, (random) => makeStory(random))).toBe("3d014e571ceb9948");
  expect(sumOf(6, makeDocument)).toBe("fe2a79514c469d5c");
});

it("samples by number are those that models were trained on, short ones first", () => {
  const encode = (text: string): number[] => [...text].map((each) => each.charCodeAt(0));
  const samples = documentSamples(
    { bos: 1, eos: 2, user: 3, assistant: 4, encode },
    { seed: 0, longest: 1025, short: 40 },
  );
  const hash = createHash("sha256");
  for (let i = 0; i < 200; i++) hash.update(JSON.stringify(samples.get(i)));
  expect(hash.digest("hex").slice(0, 16)).toBe("0871f4186beb65ee");
});
