/** What a training script holds out of a text, and what it cannot learn from. */
import { expect, it } from "vitest";
import { textCorpus } from "../../course/model-room/lib/data.ts";

const options = { seed: 0, vocabulary: 280, context: 16, texts: 10, held: 1000, short: 0, long: 0 };
const text = Array.from({ length: 400 }, (_, i) => `Line ${i} of the text says ${i * i}.`);

it.each([
  ["many documents", text],
  ["one document", [text.join(" ")]],
])("%s: one in twenty is held out, and nothing is in both", (_, documents) => {
  const { train, heldOut, bytesPerToken } = textCorpus(documents, options);
  expect(heldOut.length).toBeGreaterThan(0.03 * train.count);
  expect(heldOut.length).toBeLessThan(0.08 * train.count);
  const trained = new Set(Array.from({ length: train.count }, (_, i) => String(train.get(i).ids)));
  // The last window of a document may hold little more than its end, and many end alike.
  expect(heldOut.filter(({ ids }) => ids.length > 8 && trained.has(String(ids)))).toEqual([]);
  expect(bytesPerToken).toBeGreaterThan(1);
});

it("a text of one window is refused", () => {
  expect(() => textCorpus(["Too short."], { ...options, context: 64 })).toThrow(
    "The text is too short to hold some of it out. Give more text, or a smaller --context.",
  );
});
