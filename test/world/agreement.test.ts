import { readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { agreement } from "../../src/world/core/agreement.ts";
import { runProgram } from "../helpers/jobs.ts";

const program = "test/programs/agreement.ts";
const places = [
  { transport: "shm" },
  { transport: "local" },
  { transport: "tcp" },
  { transport: "shm", streams: "threaded" },
] as const;

/** What each rank's call was, as both are named. */
const mismatches: Record<string, readonly (string | RegExp)[]> = {
  algorithm: ["called allReduce(sum, f32[4], algorithm ring)", "allReduce(sum, f32[4], algorithm tree)"],
  algorithmAndNone: ["called allReduce(sum, f32[4], algorithm ring)", "called allReduce(sum, f32[4]) there"],
  list: ["called newGroup([2])", "called newGroup([0]) there"],
  listOrder: ["called newGroup([1,0])", "called newGroup([0,1]) there"],
  name: ['called split(color 0, name "b")', 'called split(color 0, name "a") there'],
  gatherDType: [/i32/, /f32/],
  allToAllDType: [/i32/, /f32/],
};

/** Calls whose numbers are known on the device alone: the rank and the numbers that it cannot go on with. */
const counts: Record<string, RegExp> = {
  rowsRoom: /^rank 0 called world\.allToAllRows with an output of 3 rows, and gets 6: \[2,2,2\] from each rank\./,
  rowsNegative:
    /^rank 2 called world\.allToAllRows with the counts \[-1,1,1\] of rows to send, 1 in all, and an input of 3/,
  rowsFailed:
    // Its program may hear of the kernel first: the reason is the same.
    /^(rank 2 called world\.allToAllRows with numbers that were never computed\. )?Kernel gather failed: index 0 names a row/,
  rowsTooMany:
    /^rank \d called world\.allToAllRows with the counts \[2,2,2\] of rows to send, 6 in all, and an input of 3/,
};

/** What rank 1 of 3 hears. */
const expectations: Record<string, unknown> = {
  avg: 'TypeError: rank 1 called world.allReduce with operator "avg"; the operators are sum, mean, min, max, product. Did you mean mean?',
  SUM: expect.stringContaining('operator "SUM"; the operators are sum, mean, min, max, product. Did you mean sum?'),
  number: expect.stringContaining("TypeError: rank 1 called world.reduce with operator 5; the operators are"),
  rign: expect.stringMatching(/algorithm "rign"; the algorithms are shared, ring, .*one-shot\. Did you mean ring\?$/),
  array:
    "TypeError: rank 1 called world.allReduce with a Float32Array where a tensor belongs. Make one: device.from(data, shape).",
  undefined: "TypeError: rank 1 called world.broadcast with undefined where a tensor belongs.",
  promise: "TypeError: rank 1 called world.send with a Promise where a tensor belongs. Await it first.",
  root: 'TypeError: rank 1 called world.broadcast with the string "0" as a rank; world has ranks 0 to 2.',
  tag: "RangeError: rank 1 called world.send with tag 1.5; a tag is a whole number from 0 to 2147483647.",
  dtype: 'TypeError: There is no dtype "float32"; the dtypes are f32, f16, bf16, i32, u8. Did you mean f32?',
  below: expect.stringContaining("f32[4], which would touch bytes -64 to -48 of a buffer of 16 bytes."),
  beyond: expect.stringContaining("f32[400], which would touch bytes 0 to 1600 of a buffer of 16 bytes."),
  twice: "RangeError: rank 1 called world.newGroup with [0,1,0], which has rank 0 twice.",
  outputs: expect.stringContaining(
    "piece 0 of the output (bytes 0 to 12 of its buffer) and piece 1 of the output (bytes 0 to 12",
  ),
  byOne: expect.stringContaining(
    "piece 1 of the output (bytes 4 to 8 of its buffer) and piece 0 of the input (bytes 4 to 8",
  ),
  rowsDType: expect.stringContaining("f32[3] as sendCounts; they are i32[3], one number for each rank."),
  rowsCounts: expect.stringContaining("i32[4] as receiveCounts; they are i32[3], one number for each rank."),
  rowsWidth: expect.stringContaining(
    "rows of f32[2,3] for an output of f32[2,4]; both have rows of one shape and dtype.",
  ),
  rowsSame: expect.stringContaining("piece 0 of the output (bytes 0 to 24 of its buffer) and piece 0 of the input"),
  capture: expect.stringMatching(/^CaptureError: An operation between ranks cannot be captured \(agreement\.ts:\d+\)/),
  "allGather in place": "1,2,3",
  "reduceScatter in place": "3",
  objects: '{"tensor":"wte","buffer":1,"isContiguous":2,"at":"http://a/b"}',
};

describe.each(places)("over $transport, streams $streams", (place) => {
  it.concurrent.each(Object.keys(mismatches))("%s: both calls are named", async (wrong) => {
    const { ok, failure } = await runProgram(program, { ranks: 3, ...place, options: { wrong } });
    expect(ok).toBe(false);
    for (const part of mismatches[wrong]) expect(failure?.message).toMatch(part);
    expect(failure?.message).toContain("agreement.ts:");
  });

  it.concurrent.each(Object.keys(counts))("%s: the rank and its numbers are named", async (wrong) => {
    const { ok, failure } = await runProgram(program, { ranks: 3, ...place, options: { wrong } });
    expect(ok).toBe(false);
    expect(failure?.message).toMatch(counts[wrong]);
  });

  it("words, tensors and overlaps are refused before anything is called", async () => {
    const { failure, shown } = await runProgram(program, { ranks: 3, ...place });
    expect(failure?.message).toBeUndefined();
    const rows = shown.flatMap(({ rank, shown: what }) => (rank === 1 && what.kind === "row" ? [what.row] : []));
    const said = Object.fromEntries(rows.map(({ name, said }) => [name, said]));
    expect(said).toMatchObject(expectations);
    expect(Object.keys(said)).toHaveLength(Object.keys(expectations).length);
  });
});

/** Names of the arguments that a program gives an operation; options and messages under their own. */
function argumentsOf(file: string): Map<string, string[]> {
  const path = new URL(`../../src/world/${file}`, import.meta.url);
  const tree = ts.createSourceFile(file, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const found = new Map<string, string[]>();
  const names = (type: ts.TypeNode | undefined): string[] =>
    type && ts.isTypeLiteralNode(type) ? type.members.map((member) => member.name?.getText() ?? "") : [];
  const visit = (node: ts.Node): void => {
    if (ts.isMethodDeclaration(node) && ts.isClassDeclaration(node.parent) && ts.isIdentifier(node.name)) {
      const all = node.parameters.flatMap((each) => {
        const name = each.name.getText();
        return name === "options" ? names(each.type) : name === "operations" ? ["op", "tensor", "peer", "tag"] : [name];
      });
      found.set(node.name.text, all);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

it("no argument of an operation is missing from the list of what is compared", () => {
  const faces = ["group.ts", "exchanging.ts", "messaging.ts", "membership.ts"];
  const declared = new Map(faces.flatMap((file) => [...argumentsOf(file)]));
  declared.delete("destroy"); // concerns nobody else
  expect(declared.size).toBeGreaterThan(14);
  const listed = Object.entries(agreement).map(([name, rules]) => [name, Object.keys(rules).sort()]);
  expect(Object.fromEntries([...declared].map(([name, all]) => [name, [...all].sort()]))).toEqual(
    Object.fromEntries(listed),
  );
});
