/** Rows: against a plain list of predictions, across cuts, across states, and with what has to be refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeParts, type PackedRow, RowPacker, type Sample } from "../../src/data/index.ts";

/** Ids that tell document and place: 1000 · document + place. */
const documentsOf = (lengths: readonly number[]): ((index: number) => Sample) => {
  return (index) => {
    const n = lengths[index % lengths.length];
    const ids = Array.from({ length: n }, (_, i) => 1000 * index + i);
    return { ids, weights: ids.map((_, i) => (i === 0 ? 0 : ((index + i) % 4) / 2)) };
  };
};
/** Every prediction of a document, in order: what rows have to hold, each once. */
const predictionsOf = ({ ids, weights }: Sample): string[] =>
  ids.slice(1).map((id, i) => `${ids[i]}>${weights[i + 1] === 0 ? -100 : id}*${weights[i + 1]}`);
const predictionsIn = ({ tokens, targets, weights }: PackedRow): string[] =>
  [...tokens].map((token, i) => `${token}>${targets[i]}*${weights[i]}`);

const lengthsOf = fc
  .array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 })
  .filter((all) => Math.max(...all) > 1);

describe("rows of a fixed length", () => {
  it("hold each prediction once and in order, whatever is cut", () => {
    fc.assert(
      fc.property(
        lengthsOf,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 12 }),
        (lengths, length, count) => {
          const document = documentsOf(lengths);
          const packer = new RowPacker(document, { length });
          const found = Array.from({ length: count }, () => predictionsIn(packer.next())).flat();
          const expected: string[] = [];
          for (let index = 0; expected.length < found.length; index++) expected.push(...predictionsOf(document(index)));
          expect(found).toEqual(expected.slice(0, found.length));
        },
      ),
    );
  });

  it("never cross documents: pieces are of one document, positions begin anew, and targets are x + 1 inside", () => {
    fc.assert(
      fc.property(lengthsOf, fc.integer({ min: 1, max: 50 }), (lengths, length) => {
        const packer = new RowPacker(documentsOf(lengths), { length });
        for (let r = 0; r < 3; r++) {
          const { tokens, targets, positions, starts } = packer.next();
          expect([starts[0], starts.at(-1), tokens.length]).toEqual([0, length, length]);
          for (let s = 0; s + 1 < starts.length; s++) {
            expect(starts[s + 1]).toBeGreaterThan(starts[s]);
            for (let i = starts[s]; i < starts[s + 1]; i++) {
              expect(Math.floor(tokens[i] / 1000)).toBe(Math.floor(tokens[starts[s]] / 1000));
              expect(positions[i]).toBe(i - starts[s]);
              if (targets[i] !== -100) expect(targets[i]).toBe(tokens[i] + 1);
            }
          }
        }
      }),
    );
  });

  it("go on from a state as if nothing had stopped, also through JSON", () => {
    fc.assert(
      fc.property(
        lengthsOf,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 9 }),
        (lengths, length, leastRest, stop) => {
          const document = documentsOf(lengths);
          if (!lengths.some((n) => n - 1 >= 1)) return;
          const whole = new RowPacker(document, { length, leastRest });
          for (let r = 0; r < stop; r++) whole.next();
          const again = new RowPacker(document, { length, leastRest }, JSON.parse(JSON.stringify(whole.state)));
          for (let r = 0; r < 4; r++) expect(again.next()).toEqual(whole.next());
          expect(again.state).toEqual(whole.state);
        },
      ),
    );
  });

  it("carry a rest on, or drop one that is too short", () => {
    const document = documentsOf([11, 3]); // 10 tokens, then 2
    const kept = new RowPacker(document, { length: 8 });
    kept.next();
    expect(kept.state).toEqual({ index: 0, remainder: 8 });
    expect([...kept.next().tokens.slice(0, 4)]).toEqual([8, 9, 1000, 1001]);
    const dropped = new RowPacker(document, { length: 8, leastRest: 3 });
    dropped.next();
    expect(dropped.state).toEqual({ index: 1, remainder: 0 });
    expect([...dropped.next().tokens.slice(0, 3)]).toEqual([1000, 1001, 2000]);
  });

  it("say what was wrong", () => {
    const document = documentsOf([5]);
    expect(() => new RowPacker(document, { length: 0 })).toThrow("A row has at least one token, not 0.");
    expect(() => new RowPacker(document, { length: 2.5 })).toThrow("not 2.5");
    expect(() => new RowPacker(document, { length: 4, leastRest: 0 })).toThrow("at least one token, not 0");
    expect(() => new RowPacker(document, { length: 4 }, { index: -1, remainder: 0 })).toThrow(
      "A packer's index is a whole number from 0, not -1. Is the checkpoint whole?",
    );
    expect(() => new RowPacker(document, { length: 4 }, { index: 0, remainder: Number.NaN })).toThrow("remainder");
    expect(() => new RowPacker(document, { length: 4 }, { index: 2, remainder: 4 })).toThrow(
      "4 tokens of document 2 were read, but it has 4. Are these the documents that the run began with?",
    );
    expect(() => new RowPacker(documentsOf([1]), { length: 4 }).next()).toThrow("A hundred thousand documents");
  });
});

it("a chat's prompts are read and never learned from, and each answer ends", () => {
  const encoder = {
    bos: 1,
    eos: 2,
    user: 3,
    assistant: 4,
    encode: (text: string) => [...text].map((c) => c.charCodeAt(0)),
  };
  const sample = encodeParts(
    [
      { role: "user", text: "ab", weight: 0 },
      { role: "assistant", text: "c", weight: 1 },
      { role: "plain", text: "d", weight: 0.5 },
    ],
    encoder,
  );
  expect(sample.ids).toEqual([1, 3, 97, 98, 4, 99, 2, 100, 2]);
  expect(sample.weights).toEqual([0, 0, 0, 0, 0, 1, 1, 0.5, 0.5]);
  const { targets } = new RowPacker(() => sample, { length: 8 }).next();
  expect([...targets]).toEqual([-100, -100, -100, -100, 99, 2, 100, 2]);
});
