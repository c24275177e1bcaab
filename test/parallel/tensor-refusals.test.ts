/** What plans refuse, with both numbers and before anything is allocated, and what they make of parameters. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const refusals: Readonly<Record<string, string>> = {
  heads: "RangeError: layers.0.attention.q: 6 heads, each 4 wide, cannot be shared out among 4 ranks of axis tp.",
  "heads of keys":
    "RangeError: layers.0.attention.k: 6 heads, each 4 wide, cannot be shared out among 4 ranks of axis tp.",
  "hidden width": "RangeError: layers.0.mlp.gate: 18 rows of its weight cannot be shared out among 4 ranks of axis tp.",
  experts:
    "RangeError: layers.0.mlp.experts.0.gate: a hidden width of 18 cannot be shared out among 4 ranks of axis tp.",
  "no such path":
    'RangeError: The plan says something of "layers.7", and the model has no such module. It has layers.0, layers.1.',
  "no such axis": 'RangeError: This mesh has no axis "cp"; it has tp.',
  "another module": "TypeError: vocabularyRows() cuts an Embedding, but layers.0 is a Linear.",
  "no plan": "TypeError: A Sequential has no plan of its own.",
  "twice in a plan": "RangeError: The plan says twice what becomes of the weights of layers.0.",
  twice: "RangeError: A parameter of layers.0 was cut along tp before",
};

it.each(["local", "shm"] as const)("over %s", { timeout: 60_000 }, async (transport) => {
  const program = "test/programs/tensor-refusals.ts";
  const { failure, shown } = await runProgram(program, { ranks: 4, transport, options: {} });
  // The last thing that it does is to look up what is no word, and a stream that has failed stays so.
  expect(failure?.message).toMatch(/index 1 names a row that is not among the 5 of the table/);
  for (let rank = 0; rank < 4; rank++) {
    const rows = shown.flatMap(({ rank: r, shown: what }) => (r === rank && what.kind === "row" ? [what.row] : []));
    const of = (name: string) => rows.find((row) => row.name === name) as Record<string, string | number | boolean>;
    for (const [name, words] of Object.entries(refusals)) {
      const { error, allocated, untouched } = of(name);
      expect([name, String(error).slice(0, words.length), allocated, untouched]).toEqual([name, words, 0, true]);
    }
    const words = [2, 2, 1, 0][rank];
    const { name: _, ...parts } = of("parts");
    const cut = (shape: number[], from: number[], copies = 1) => JSON.stringify([shape, from, ["tp"], copies, []]);
    const whole = JSON.stringify([[16], [0], [], 1, []]);
    expect(parts).toEqual({
      "embed.weight": cut([words, 16], [Math.min(5, 2 * rank), 0]),
      "layers.0.attentionNorm.weight": whole,
      "layers.0.attention.q.weight": cut([4, 16], [4 * rank, 0]),
      // Two heads of keys on four ranks: neighbors have the same one.
      "layers.0.attention.k.weight": cut([2, 16], [2 * Math.floor(rank / 2), 0], 2),
      "layers.0.attention.v.weight": cut([2, 16], [2 * Math.floor(rank / 2), 0], 2),
      "layers.0.attention.o.weight": cut([16, 4], [0, 4 * rank]),
      "layers.0.mlpNorm.weight": whole,
      "layers.0.mlp.gate.weight": cut([4, 16], [4 * rank, 0]),
      "layers.0.mlp.up.weight": cut([4, 16], [4 * rank, 0]),
      "layers.0.mlp.down.weight": cut([16, 4], [0, 4 * rank]),
      "norm.weight": whole,
    });
    expect(Number(of("meta").cut)).toBeLessThanOrEqual(64); // at most one buffer of no elements
    expect(of("meta").equal).toBe(true);
    expect(of("meta").elements).toBe(16 * words + 3 * 16 + (4 + 2 + 2 + 4 + 3 * 4) * 16);
    expect(of("tokens").error).toMatch(
      /^5 tokens cannot be cut for 4 ranks of axis tp\. Add a sequence of 3 with ignored/,
    );
    expect(of("rows").error).toMatch(/^Scores of 1 rows alone: their tokens are cut among 4 ranks/);
    expect(of("embedding").rows).toBe("true");
    expect(of("no word").rows).toMatch(/index 1 names a row that is not among the 5 of the table/);
  }
});
