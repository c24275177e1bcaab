/** What wrong answers are told: the place, what was seen there, and a hint that is true. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type CourseExercise, courseExercises } from "../../src/exercise/node/catalog.ts";
import { check } from "../../src/exercise/node/checker.ts";
import { type Edits, edited } from "../helpers/edited.ts";
import { isLong } from "../helpers/long.ts";

/** Files of answers/N.M/, bad-NAME.ts. Whatever the seed they are rejected: answers.test.ts. */
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
  ["4.1", "promise", /bestRing\(names, between\) is a Promise/],
  ["4.1", "takes-names", /names are now the list \["GPU1", "GPU2", "GPU3"\]/],
  ["4.3", "percent", /That is in percent/],
  ["4.4", "root-is-0", /The root was rank \d of 2\.$/],
];

/** Answers that are the solution, or the starter, with a few edits. */
const editedAnswers: readonly (readonly [
  number: string,
  name: string,
  edits: Edits,
  message: RegExp,
  of?: "starter",
])[] = [
  [
    "5.4",
    "in turns",
    [["= before + free;", "= before + backward + messages + 0 * free;"]],
    /That is in turns: a bucket may leave while backward goes on\.$/,
  ],
  [
    "5.4",
    "forgets the last bucket",
    [
      [
        "= before + free;",
        "= before + Math.max(backward, free - 2 * (ranks - 1) * (alpha + (buckets[buckets.length - 1].bytes / ranks) * beta));",
      ],
    ],
    /The last bucket is full when backward ends, and still has to travel\.$/,
  ],
  [
    "5.4",
    "a share of the step",
    [["(inTurns - seconds) / Math.min(messages, backward)", "(inTurns - seconds) / inTurns"]],
    /It is a share of what could be hidden, not of the step\.$/,
  ],
  [
    "5.4",
    "one rank too few",
    [["  return n;", "  return Math.max(1, n - 1);"]],
    /but with \d+ ranks messages take [\d.]+ ms and backward [\d.]+ ms: there can be more\./,
  ],
  [
    "5.5",
    "divided",
    [["? Math.sqrt(total) : total;", "? Math.sqrt(total / Object.values(axes)[0].size) : total;"]],
    /That is the norm, divided by √\d\.$/,
  ],
  [
    "5.5",
    "returns a tensor",
    [["  return norm;", "  return device.tensor([norm]) as unknown as number;"]],
    /clip\(…\) resolves to .*; it should be the norm, a number\.$/,
  ],
  [
    "5.5",
    "one call for each",
    [
      ["const message = device.tensor(here.map((i) => terms[i]));", "for (const i of here) {"],
      [
        "    await group.allReduce(message",
        "    const message = device.tensor([terms[i]]);\n    await group.allReduce(message",
      ],
      ["    const totals = await message.data();", "    terms[i] = Number((await message.data())[0]);"],
      ["for (const [at, i] of here.entries()) terms[i] = Number(totals[at]);", "}"],
    ],
    /called allReduce \d times along \w+; once is enough\.$/,
  ],
  [
    "5.5",
    "one axis",
    [["of Object.entries(axes)) {", "of Object.entries(axes).slice(-1)) {"]],
    /Those are this rank's own parts only\.$/,
  ],
  [
    "6.4",
    "labels are right",
    [
      [
        "const labels = [...own.slice(1), IGNORED];",
        "const labels = [...tokens.slice(1), IGNORED].slice(cuts[rank], cuts[rank + 1]);",
      ],
    ],
    /the gradient of bias\[0\] is .* It is 1\/2 of the right one: a share of the bias was added/,
    "starter",
  ],
  [
    "6.4",
    "a step of SGD",
    [
      [
        "  // Whatever works on a rank's own",
        "  device.noGrad(() => {\n    for (const each of [model.up, model.down]) if (each.grad) each.sub_(each.grad.mul(0.1));\n  });\n  // Whatever works on a rank's own",
      ],
    ],
    /: up\[\d+\] was .* and is .* The step leaves gradients/,
  ],
  [
    "6.5",
    "each rank looks at its own labels",
    [
      [
        "(label) => label !== IGNORED && !(label >= 0 && label < vocabulary)",
        "(label) => label >= Math.max(world.rank * columns, vocabulary) && label < (world.rank + 1) * columns",
      ],
    ],
    /^with the label -3 in row 4, and 6 words, rank 0 of 1 threw nothing\. Every rank has/,
  ],
  [
    "6.5",
    "rank 0 looks for all",
    [["(label) => label !== IGNORED", "(label) => world.rank === 0 && label !== IGNORED"]],
    /in allReduce.* If that was in the last call: its row 4 has the label \d+, of 6 words, and all ranks have to throw/,
  ],
  [
    "6.5",
    "padding is minus infinity",
    [["isWord.sub(1).mul(3e38)", "isWord.log()"]],
    /the loss is NaN and should be 1\.609438\. Was padding made -Infinity\?/,
  ],
  [
    "6.5",
    "no row",
    [
      [
        "throw new RangeError(",
        'throw new RangeError("no such word: " + labels[row]);\n  if (row >= 0) throw new RangeError(',
      ],
    ],
    /threw the string "no such word: -3", which does not name the row, 4\. Rows count from 0\./,
  ],
  [
    "6.6",
    "forward hides, too",
    [
      [
        "overlap ? Math.min(reduce, product(3)) + Math.min(reduce, product(4)) : 0",
        "overlap ? 2 * (Math.min(reduce, product(3)) + Math.min(reduce, product(4))) : 0",
      ],
    ],
    /Not all of it can hide: forward, the next product needs the sum\.$/,
  ],
  [
    "6.6",
    "in turns",
    [["seconds: sending + computing - hidden", "seconds: sending + computing + 0 * hidden"]],
    /That is in turns: two of the four all_reduces can travel while a rank computes\.$/,
  ],
  [
    "6.6",
    "products are not shared out",
    [["/ ranks / flops;", "/ flops;"]],
    /The products are shared out among the ranks\.$/,
  ],
  [
    "6.6",
    "any number of ranks",
    [
      ["    if (heads % ranks !== 0) continue;\n", ""],
      ["perNode, inside", "perNode: _, inside"],
      ["ranks <= perNode ? inside : between", "ranks < 6 ? inside : ranks > 6 ? { ...between, alpha: 1 } : inside"],
    ],
    /it says 6, but 64 heads are for 1, 2, 4, 8, 16, 32, 64 ranks\.$/,
  ],
  [
    "7.1",
    "in percent",
    [["return idle / (working + idle);", "return (100 * idle) / (working + idle);"]],
    /That is in percent\.$/,
  ],
  [
    "7.1",
    "the other way round",
    [["const behind = ranks - 1 - rank;", "const behind = rank;"]],
    /The other way round: the first rank waits longest for its first backward\.$/,
  ],
  [
    "7.1",
    "the first backward comes at once",
    [["2 * behind + (chunks - 1) * ranks + 1;", "2 * behind + (chunks - 1) * ranks;"]],
    /The forward that comes right before the first backward is kept, too\.$/,
  ],
  [
    "7.2",
    "a stage in front",
    [["    return row;", "    return row.map((action) => String(rank) + action);"]],
    /row 0, entry 0 is "0F0"; it should be F or B with a micro-batch, such as F0\.$/,
  ],
  [
    "7.2",
    "the last comes back first",
    [["    return row;", "    return rank > 0 ? row : row.reverse();"]],
    /deadlocks: rank 0 stops at 0B7 \(action 0\), which needs 0F7; .*stands behind its own row's next action\.$/,
  ],
  [
    "7.3",
    "each run by its own tokens",
    [
      ["const count = runs.flat()", "const all = runs.flat()"],
      ["y = sum.div(count);", "y = sum.div(microBatches.reduce((own, each) => own + each.targets.length, 0));"],
      ["(await total.item()) / count", "(await total.item()) / all"],
    ],
    /Each run is divided by its own tokens: the step has others, too\.$/,
  ],
  [
    "7.3",
    "the starter, its means mended",
    [["y = sum.div(targets.length);", "y = sum.div(count);"]],
    /It is divided by the number of micro-batches: the tokens are all that there is to divide by\.$/,
    "starter",
  ],
  [
    "7.7",
    "weights alone",
    [["2 + 2 + 12 / dp", "2"]],
    /needs \d+ GB of 74 that can be used: .* Gradients and moments count, too: 14 bytes/,
  ],
  ["7.7", "a word that is none", [['"+zero1"', '"+zero-1"']], /is no layout: nothing is called "zero-1"/],
  [
    "7.7",
    "the word alone",
    [["return { layout: best, micro: 1 };", "return best as unknown as { layout: string; micro: number };"]],
    /choose\(job\) .*pp2\.dp8\.tp4/,
  ],
  [
    "7.8",
    "no synchronize",
    [["return parallel.synchronize(loss);", "return Number(await loss.item());"]],
    /the mean over all 116 targets is|Is it a whole sum, of all samples of the step, or of some\?$/,
  ],
  ["7.8", "the sum of losses", [["countOf(samples))", "1)"]], /116 times what they should be/],
  [
    "7.4",
    "sends more than rows",
    [
      [
        "  // Dispatch.\n",
        "  const room = (): Tensor[] => world.ranks.map(() => device.zeros([500]));\n  await world.allToAll(room(), room());\n",
      ],
    ],
    /^rank 0 of 2 sent \d+ bytes in all cases\. The \d+ rows there and back .* is room sent that nobody fills\?$/,
  ],
  [
    "7.4",
    "clears x",
    [["  return y;\n", "  x.fill_(0);\n  return y;\n"]],
    /an input was changed: x\[\d+\] was -?\d+ and is 0\./,
  ],
  [
    "7.4",
    "forgets a slot",
    [["slot < k; slot++", "slot < k - 1; slot++"]],
    /^three tokens, .*: y\[0, 0\] is 0 and should be .*; this token's experts are 0\. Nothing came back for it\.$/,
  ],
  [
    "7.5",
    "elements without bytes",
    [["const row = 4 * width;", "const row = width;"]],
    /That is one exchange of four, or an element of f32 without its four bytes\.$/,
  ],
  [
    "7.5",
    "the busiest sends in all four",
    [["const busiest = 2 * (ranks", "const busiest = 4 * (ranks"]],
    /Of the four exchanges, it has something to send in two: it gets what the other two carry\.$/,
  ],
  [
    "7.5",
    "any number of ranks",
    [["ranks > 1 && experts % ranks === 0", "ranks > 1"]],
    /^fewest\(8, 2\) is 3 .* 3 ranks do not divide 8 experts\.$/,
  ],
  [
    "7.6",
    "the mean over layers",
    [["const scale = factor * share * experts;", "const scale = (factor * share * experts) / layers.length;"]],
    /value is 2 and should be 4\. That is the mean over the layers: each layer's term is added to the loss\.$/,
  ],
  ["7.6", "the other way", [["* (f[e] - along)", "* (along - f[e])"]], /Its sign is wrong\.$/],
  [
    "7.6",
    "padding alone",
    [["      if (tokens === 0) return scores.map((row) => row.map(() => 0));\n", ""]],
    /0\/0 is not a number: a micro-batch of padding adds nothing\.$/,
  ],
  [
    "7.6",
    "this rank's part",
    [["value: await summed(value)", "value"]],
    /That is this rank's part: the value is of the step, on all ranks\.$/,
  ],
  [
    "7.6",
    "no largest score",
    [["const top = Math.max(...row);", "const top = 0;"]],
    /exp\(1,000\) is Infinity: subtract the largest/,
  ],
  [
    "9.1",
    "rounds down",
    [["Math.ceil(length / pageSize)", "Math.max(1, Math.floor(length / pageSize))"]],
    /Rounded down: tokens beyond the last full page need one, too\.$/,
  ],
  ["9.1", "one layer", [["2 * config.num_hidden_layers * own", "2 * own"]], /That is one layer; each keeps its own\.$/],
  [
    "9.2",
    "pages of its own",
    [["pages += Math.floor(prompt / pageSize) - common;", "pages += Math.floor(more / pageSize);"]],
    /Pages are counted from the prompt's beginning/,
  ],
  [
    "9.3",
    "with the empty ones last",
    [["free.length > 0 ? free.shift() : kept.shift()", "kept.length > 0 ? kept.shift() : free.shift()"]],
    /although page \d has no key: nobody would miss that one\.$/,
  ],
  [
    "9.3",
    "match does not hold",
    [["        hold(page);\n        found.push(page);", "        found.push(page);"]],
    /which request \d still reads|never|Were pages lost|they should be/,
  ],
  [
    "9.4",
    "a slot too far",
    [["* pageSize + (place % pageSize)", "* pageSize + (place % pageSize) + 1"]],
    /position 0 gets slot \d+; by the table \[\d+\] it is \d+\.$/,
  ],
  [
    "9.5",
    "the parent keeps the old one",
    [["  parent.children.set(front.tokens[0], front);\n", ""]],
    /stands under 5; its first token is \d|has another parent/,
  ],
  [
    "9.5",
    "gives the root",
    [["  return node;\n}\n", "  return root;\n}\n"]],
    /should be a node of this tree|it gave the node that ends behind nothing/,
  ],
  [
    "9.1",
    "a scale for each number",
    [["[dtype] + scale;", "[dtype] + scale / headDim;"]],
    /In int8 a head of dim numbers takes dim \+ 4 bytes, as keys and once more as values\.$/,
  ],
  [
    "9.2",
    "the page in which the system prompt ends is shared",
    [["Math.min(common, most) : 0", "Math.ceil(shared / pageSize) + 0 * most : 0"]],
    /holds tokens of each request's own, too: nobody else finds it\.$/,
  ],
  ["9.5", "a front half without locks", [["locks: node.locks", "locks: 0"]], /has 1 lock; 2 requests hold it/],
];

const exerciseOf = (number: string) =>
  courseExercises().find((exercise) => exercise.number === number) as CourseExercise;

/** Rejected at each seed, with these words at the first. */
async function hears(number: string, answer: string, message: RegExp, seeds = [1]): Promise<void> {
  for (const seed of seeds) {
    const verdict = await check(exerciseOf(number).file, answer, { seed });
    expect(`seed ${seed}: ${verdict.verdict}`).toBe(`seed ${seed}: failed`); // it ran, and was judged
    if (verdict.verdict === "failed" && seed === seeds[0]) {
      expect(verdict.message.replaceAll("\n", " ")).toMatch(message);
    }
  }
}

describe.each(told)("answer %s bad-%s.ts", (number, answer, message) => {
  it("is told what was seen", async () => {
    await hears(number, fileURLToPath(new URL(`answers/${number}/bad-${answer}.ts`, import.meta.url)), message);
  }, 60_000);
});

const seeds = Array.from({ length: isLong ? 50 : 1 }, (_, i) => 1 + 7919 * i);
const folder = mkdtempSync(join(tmpdir(), "worldsize-told-"));
afterAll(() => rmSync(folder, { recursive: true }));

for (const [number, name, edits, message, of = "solution"] of editedAnswers) {
  it(
    `${number}, ${name}, is told what was seen`,
    async () => {
      const answer = join(folder, `${number}-${name.replaceAll(" ", "-")}.ts`);
      writeFileSync(answer, edited(readFileSync(join(exerciseOf(number).folder, `${of}.ts`), "utf8"), edits, name));
      await hears(number, answer, message, seeds);
    },
    isLong ? 1_200_000 : 60_000,
  );
}
