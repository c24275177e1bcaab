/** The check of types along axes: right programs pass, and each mistake is an error that says what, and on which line. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const file = "test/programs/axis-types.ts";
const lines = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").split("\n");

const take = 'Take the sum first: changeType(x, group, "partial", "identical"), or another change from partial.';
const added = (ranks: number, other: string): string =>
  `partial + ${other}. A partial tensor is one rank's term of a sum that was not taken. Either the sum was forgotten, ` +
  `or it comes later and would have the other ${ranks === 1 ? "once" : `${ranks} times`}. ${take}`;
const curved =
  "it is not linear, and got a partial tensor, one rank's term of a sum: the sum of what it makes of the terms is not " +
  `what it makes of the sum. ${take}`;

/** What each mistake says, before its line. */
function messages(dp: number, tp: number): Readonly<Record<string, string>> {
  const along = `along tp of ${tp} rank${tp === 1 ? "" : "s"}`;
  return {
    forgottenAllReduce: `add ${along}: ${added(tp, "identical")}`,
    biasTwice: `add ${along}: ${added(tp, "replicated")}`,
    biasOfIdentical: `sub ${along}: ${added(tp, "identical")}`,
    biasInside:
      `asPartial ${along}: what it calls a term of a sum has something added that is none, such as a bias: ` +
      "the sum would have it once for each rank. Add it after the sum was taken.",
    nonLinear: `gelu ${along}: ${curved}`,
    norm: `rmsNorm ${along}: ${curved}`,
    wrongFrom:
      `partial → identical ${along}: it says that the tensor is partial, but it is varying. ` +
      "If each rank has a term of a sum, say so: asPartial(x, group).",
    twice: `partial → identical ${along}: it says that the tensor is partial, but it is identical.`,
    forgottenF:
      `linear ${along}: identical with varying. Each rank would use the identical tensor for a computation of its own, ` +
      "and its gradient would lack an all-reduce. " +
      'Make it replicated first: changeType(x, group, "identical", "replicated").',
    square: `mul ${along}: partial × partial. A product of sums is not the sum of the products. ${take}`,
    varyingFactor:
      `matmul ${along}: partial × varying. Only a replicated factor, which all ranks have alike, ` +
      `can be taken out of a sum. ${take}`,
    number: `add ${along}: ${added(tp, "a constant")}`,
    constant: `add ${along}: ${added(tp, "a constant")}`,
    unknownMixed:
      `my operation along dp of ${dp} rank${dp === 1 ? "" : "s"}: no rule says what it makes of varying and replicated tensors. ` +
      "Bring them to one type first, or give it a rule.",
    unknownPartial:
      `my operation ${along}: no rule says what it makes of partial tensors. ` +
      "Bring them to one type first, or give it a rule.",
    rounded: `cast ${along}: ${curved}`,
    noGradient: `gelu ${along}: ${curved}`,
    inModel: `embedding along dp of ${dp} rank${dp === 1 ? "" : "s"}: ${curved}`,
  };
}

/** Helpers of the program that stand before the mistake in the stack. */
const helpers: Readonly<Record<string, string>> = {
  wrongFrom: "const leave",
  twice: "const leave",
  unknownMixed: "customOperation",
  unknownPartial: "customOperation",
  inModel: "inModel",
};

describe.each([
  ["local", "inline", 1],
  ["local", "inline", 2],
  ["local", "inline", 3],
  ["local", "inline", 4],
  ["shm", "threaded", 2],
] as const)("over %s, streams %s", (transport, streams, ranks) => {
  it(`on ${ranks} ranks`, { timeout: 60_000 }, async () => {
    const { failure, shown } = await runProgram(file, { ranks, transport, streams, options: {} });
    expect(failure?.message).toBe(undefined);
    const [dp, tp] = ranks === 4 ? [2, 2] : [1, ranks];
    const wanted = messages(dp, tp);
    for (let rank = 0; rank < ranks; rank++) {
      const rows = shown.flatMap(({ rank: from, shown: what }) =>
        from === rank && what.kind === "row" ? [what.row as Record<string, unknown>] : [],
      );
      const texts = new Map(rows.map(({ name, text }) => [String(name), String(text)]));
      expect(rows[0]).toEqual({
        name: "right",
        text: '{"dp":"identical","tp":"identical"}',
        isSame: true,
        untyped: "{}",
      });
      expect(texts.get("model")).toBe('{"dp":"varying","tp":"identical"}');
      expect(texts.get("again")).toBe('{"dp":"varying","tp":"identical"}');
      expect(texts.get("axis")).toBe('This mesh has no axis "pp"; it has dp, tp.');
      for (const [name, message] of Object.entries(wanted)) {
        const [, text, line] = /^(.*) \(axis-types\.ts:(\d+)\)$/s.exec(texts.get(name) ?? "") ?? [];
        expect([name, text ?? texts.get(name)]).toEqual([name, message]);
        // Where a call goes over several lines, the mistake is on one of them.
        const near = lines.slice(Number(line) - 3, Number(line) + 1).join("\n");
        expect(near).toContain(helpers[name] ?? `${name}:`);
      }
      expect(rows.length).toBe(4 + Object.keys(wanted).length);
    }
  });
});
