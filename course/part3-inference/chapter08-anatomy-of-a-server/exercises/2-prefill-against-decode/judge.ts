// Judges 8.2: flops and bytes of steps, those that were run first; then from how many sequences on a step has enough to do.
import { formed, short, Wrong, wordsOfValue } from "worldsize/exercise";
import {
  asked, attendedBy, type Case, fewestOf, flopsOf, headOf, keysOf, layerOf, weightsOf,
} from "./cases.ts"; // biome-ignore format: what is counted

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

/** What an answer says of a step. */
export interface Told {
  readonly flops: unknown;
  readonly bytes: unknown;
}

/** @throws Wrong when a number is not what was counted, or what the formulas say. */
export function judgeStep(
  { flops, bytes }: Told,
  each: Case,
  right: { flops: number; bytes: number },
  is: string,
): void {
  const gotFlops = formed<number>(flops, "number", `${each.what}: flops(shape, rows)`);
  if (!near(gotFlops, right.flops))
    throw new Wrong(
      "flops",
      `${each.what}: flops is ${gotFlops}; ${is} ${right.flops}.${flopsHint(gotFlops, each, right.flops)}`,
    );
  const gotBytes = formed<number>(bytes, "number", `${each.what}: bytes(shape, rows)`);
  if (!near(gotBytes, right.bytes))
    throw new Wrong(
      "bytes",
      `${each.what}: bytes is ${gotBytes}; ${is} ${right.bytes}.${bytesHint(gotBytes, each, right.bytes)}`,
    );
}

function flopsHint(got: number, { shape, rows }: Case, right: number): string {
  const { layers, heads, headDim } = shape;
  const drawn = rows.filter((row) => row.draws).length;
  const tokens = rows.reduce((sum, { count }) => sum + count, 0);
  const attention = (pairs: number): number => 4 * layers * heads * headDim * pairs;
  const pairs = rows.reduce((sum, row) => sum + attendedBy(row), 0);
  if (near(got * 2, right)) return " Each weight takes a product and a sum: two.";
  if (near(got, right + 2 * (tokens - drawn) * headOf(shape)))
    return " The head runs behind a row's last token alone, and only where one is drawn.";
  if (
    near(
      got,
      right - attention(pairs) + attention(rows.reduce((sum, { start, count }) => sum + count * (start + count), 0)),
    )
  )
    // biome-ignore format: one comparison
    return " Attention is causal: a token of the prompt does not see those behind it.";
  if (
    near(got, right - attention(pairs) + attention(rows.reduce((sum, { count }) => sum + (count * (count + 1)) / 2, 0)))
  )
    // biome-ignore format: one comparison
    return " New tokens attend to those before them, too, whose keys are in the cache.";
  if (near(got, right - attention(pairs))) return " Attention computes, too: scores, and sums of values.";
  if (near(got, right - attention(pairs) / 2)) return " Attention has two products: q with keys, weights with values.";
  return "";
}

function bytesHint(got: number, { shape, rows }: Case, right: number): string {
  const weights = 4 * weightsOf(shape);
  const keys = rows.reduce((sum, row) => sum + keysOf(shape, row), 0);
  if (near(got, rows.length * weights + keys)) return " A step reads the weights once, for all its sequences.";
  const fresh = rows.reduce((sum, { count }) => sum + keysOf(shape, { start: 0, count, draws: true }), 0);
  if (near(got, weights + fresh)) return " Keys and values of earlier tokens are read, too.";
  if (near(got, weights)) return " Attention reads keys and values.";
  if (near(got, weights + (keys * shape.heads) / shape.kvHeads))
    return " Only kvHeads heads have keys and values; several heads' queries share them.";
  if (near(got, weights + keys / 2)) return " There are keys, and there are values.";
  if (near(got * 4, right)) return " An element has four bytes.";
  const { layers } = shape;
  if (near(got, weights + keys / layers) || near(got, right - 4 * (layers - 1) * layerOf(shape)))
    return " That is one layer's.";
  return "";
}

/** @throws Wrong for the first number of sequences. */
export function judgeFewest(values: readonly unknown[]): void {
  for (const [i, each] of asked.entries()) {
    const { shape, length, flopsPerByte } = each;
    const got = values[i];
    const right = fewestOf(each);
    if (got === right) continue;
    const what = `${shape.layers} layers of width ${shape.width}, ${length} tokens each, ${flopsPerByte} flops per byte`;
    const row = { start: length - 1, count: 1, draws: true };
    const alone = Math.ceil((flopsPerByte * 4 * weightsOf(shape)) / flopsOf({ shape, rows: [row] }) - 1e-9);
    const own = got === alone ? " Each sequence brings keys and values of its own, which nobody shares." : "";
    const hint =
      right === 0
        ? own || " With each sequence the bytes grow as fast as the flops: no number is enough, 0."
        : `${own}${reached(each, got, right)}`;
    throw new Wrong("the fewest sequences", `${what}: fewest is ${wordsOfValue(got)} and should be ${right}.${hint}`);
  }
}

/** How far so many sequences get, where they are too few. */
function reached({ shape, length }: (typeof asked)[number], got: unknown, right: number): string {
  if (typeof got !== "number" || !Number.isInteger(got) || got < 1 || got >= right) return "";
  const row = { start: length - 1, count: 1, draws: true };
  const each = flopsOf({ shape, rows: [row] });
  return ` With ${got} it is ${short((got * each) / (4 * weightsOf(shape) + got * keysOf(shape, row)))}.`;
}
