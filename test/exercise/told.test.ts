/** What wrong answers are told: the place, what was seen there, and a hint that is true. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { check } from "../../src/exercise/node/checker.ts";

const told: readonly (readonly [number: string, answer: string, message: RegExp])[] = [
  ["1.1", "not-awaited", /^at bad-not-awaited\.ts:11, rank 0 reads a buffer that allReduce/],
  ["1.1", "largest-rank", /^rank 1 gives 2 to allReduce; each rank should contribute a 1/],
  ["1.3", "async", /identity\(env\) is a Promise; .*The function should return it at once: no async\.$/],
  [
    "1.3",
    "local-of-another-row",
    /and 3 of other rows\): localRank is 0 and should be 5\. SLURM_LOCALID is 0, but RANK/,
  ],
  ["1.3", "one-digit", /\): rank is 1 and should be 12\. RANK says 12\.$/],
  ["1.3", "remembers", /That is what the call before returned/],
  ["1.3", "tidies-up", /RANK was "0" and is not there afterwards/],
  ["1.5", "get-then-set", /node-12 and node-3 both set "n\/0", each to its own name: two took the same number/],
  ["1.5", "lost-update", /names\[0\] is null\. node-12 and node-3 both set "list", to different values/],
  ["2.1", "also-tells-the-next-but-one", /^rank 0 of 5 sent to rank 2; it may send to its right neighbour only/],
  ["2.2", "tags-differ", /send\(i32\[1\]\) to rank 1 with tag 1 .* do not match: their tags differ, 1 and 3\.$/],
  [
    "2.1",
    "one-box",
    /^at bad-one-box\.ts:\d+, rank 0's recv\(i32\[1\]\) from rank \d writes to a buffer that send\(i32\[1\]\)/,
  ],
  [
    "2.4",
    "disposes-edges",
    /f32\[2\] was used after the answer had freed it\. What it is handed belongs to the caller/,
  ],
  ["2.4", "nothing-is-awaited", /^on rank 0, the answer returned while recv\(f32\[2\]\) from rank \d \(.*\) was still/],
  ["2.4", "first-element-only", /holds \[\d+\.5, 0\], which is no rank's edge; it should hold .* \[\d+\.5, \d+\.5\]/],
  ["3.1", "skips-zeros", /That does not count the zeros\.$/],
  ["3.3", "half-precision", /Rank 0 called send\(f16\[7\]\) to rank 1: f32 may not fit into that\.$/],
  [
    "3.3",
    "first-phase-overwrites",
    /the first of the second phase, holds [\d.]+, which is not a finished sum: it is what came last, and/,
  ],
  [
    "3.3",
    "second-phase-off-by-one",
    /holds [\d.]+, which is not a finished sum\. It could have finished another chunk/,
  ],
  ["1.2", "for-the-show", /^rank 3 does not return what it received/],
  ["3.2", "packed-in-a-float", /with rank -0\.25, but world has ranks 0 to 0\.$/],
  ["3.3", "send-first", /in send\(f32\[7\]\) to rank 1 \(bad-send-first\.ts:\d+\)/],
  [
    "6.4",
    "labels-are-right",
    /the gradient of bias\[0\] is .* It is 1\/2 of the right one: a share of the bias was added/,
  ],
  ["6.4", "a-step-of-sgd", /: up\[\d+\] was .* and is .* The step leaves gradients/],
  ["6.5", "only-the-owner", /^with the label -3 in row 4, and 6 words, rank 0 of 1 threw nothing\. Every rank has/],
  [
    "6.5",
    "one-rank-looks",
    /in allReduce.* If that was in the last call: its row 4 has the label \d+, of 6 words, and all ranks have to throw/,
  ],
  ["6.5", "minus-infinity", /the loss is NaN and should be 1\.609438\. Was padding made -Infinity\?/],
  ["6.5", "no-row", /threw the string "no such word: -3", which does not name the row, 4\. Rows count from 0\./],
  ["4.1", "promise", /bestRing\(names, between\) is a Promise/],
  ["4.1", "takes-names", /names are now the list \["GPU1", "GPU2", "GPU3"\]/],
  ["4.3", "percent", /That is in percent/],
  ["4.4", "root-is-0", /The root was rank \d of 2\.$/],
  ["5.4", "in-turns", /That is in turns: a bucket may leave while backward goes on\.$/],
  ["5.4", "forgets-the-last", /The last bucket is full when backward ends, and still has to travel\.$/],
  ["5.4", "share-of-the-step", /It is a share of what could be hidden, not of the step\.$/],
  ["5.4", "one-rank-too-few", /but with \d+ ranks messages take [\d.]+ ms and backward [\d.]+ ms: there can be more\./],
  ["5.5", "divided", /That is the norm, divided by √\d\.$/],
  ["5.5", "returns-a-tensor", /clip\(…\) resolves to .*; it should be the norm, a number\.$/],
  ["5.5", "one-call-each", /called allReduce \d times along \w+; once is enough\.$/],
  ["5.5", "one-axis", /Those are this rank's own parts only\.$/],
];

describe.each(told)("answer %s bad-%s.ts", (number, answer, message) => {
  it("is told what was seen", async () => {
    const { file } = courseExercises().find((exercise) => exercise.number === number) ?? { file: "" };
    const path = fileURLToPath(new URL(`answers/${number}/bad-${answer}.ts`, import.meta.url));
    const verdict = await check(file, path, { seed: 1 });
    expect(verdict.verdict).toBe("failed");
    if (verdict.verdict === "failed") expect(verdict.message.replaceAll("\n", " ")).toMatch(message);
  }, 60_000);
});
