/** Boxes against a plain reference that looks at every element: overlaps, runs, coverage, and who writes what. */
import { describe, expect, it } from "vitest";
import type { ByteSource } from "../../src/models/files/byte-source.ts";
import { type Box, coverProblem, overlapOf, problemOf, runsOf } from "../../src/parallel/checkpoint/box.ts";
import { type Holding, planShards } from "../../src/parallel/checkpoint/plan.ts";
import { readBox } from "../../src/parallel/checkpoint/shard-files.ts";
import { mulberry32 } from "../../src/platform/random.ts";

const random = mulberry32(11);
const upTo = (most: number): number => Math.floor(random() * (most + 1));

/** Places of a box's elements, each as text, in the order in which they lie. */
function placesOf({ from, shape }: Box): string[] {
  return shape
    .reduce<number[][]>(
      (all, size, axis) => all.flatMap((place) => [...Array(size).keys()].map((i) => [...place, from[axis] + i])),
      [[]],
    )
    .map(String); // prettier-ignore
}

function randomWhole(): number[] {
  return Array.from({ length: upTo(4) }, () => 1 + upTo(5));
}

/** Cuts a whole at random places, again and again: boxes that are each once all of it. */
function randomCut(whole: readonly number[]): Box[] {
  let boxes: Box[] = [{ from: whole.map(() => 0), shape: whole }];
  for (let cuts = upTo(5); cuts > 0 && whole.length > 0; cuts--) {
    const which = upTo(boxes.length - 1);
    const axis = upTo(whole.length - 1);
    const { from, shape } = boxes[which];
    if (shape[axis] < 2) continue;
    const at = 1 + upTo(shape[axis] - 2);
    const low = { from, shape: shape.with(axis, at) };
    const high = { from: from.with(axis, from[axis] + at), shape: shape.with(axis, shape[axis] - at) };
    boxes = [...boxes.slice(0, which), low, high, ...boxes.slice(which + 1)];
  }
  return boxes.toSorted(() => random() - 0.5);
}

function randomBox(whole: readonly number[]): Box {
  const from = whole.map((size) => upTo(size - 1));
  return { from, shape: whole.map((size, axis) => 1 + upTo(size - from[axis] - 1)) };
}

describe("boxes, 2000 at random", () => {
  it("overlap where elements are the same, in runs that say where each lies in both", () => {
    for (let turn = 0; turn < 2000; turn++) {
      const whole = randomWhole();
      const [a, b] = [randomBox(whole), randomBox(whole)];
      const [inA, inB] = [placesOf(a), placesOf(b)];
      const both = inA.filter((place) => inB.includes(place));
      const overlap = overlapOf(a, b);
      expect(overlap ? placesOf(overlap) : []).toEqual(both);
      const pairs = [...runsOf(a, b)].flatMap(({ source, target, length }) =>
        Array.from({ length }, (_, i) => [source + i, target + i]),
      );
      expect(pairs).toEqual(both.map((place) => [inA.indexOf(place), inB.indexOf(place)]));
    }
  });

  it("are as long as can be: what lies together in both is one run", () => {
    const runs = (a: Box, b: Box) => [...runsOf(a, b)].length;
    expect(runs({ from: [0, 0], shape: [6, 4] }, { from: [2, 0], shape: [3, 4] })).toBe(1);
    expect(runs({ from: [0, 0], shape: [6, 4] }, { from: [2, 1], shape: [3, 2] })).toBe(3);
    expect(runs({ from: [0, 0, 0], shape: [2, 3, 4] }, { from: [0, 1, 0], shape: [2, 2, 4] })).toBe(2);
    expect(runs({ from: [], shape: [] }, { from: [], shape: [] })).toBe(1);
  });

  it("are the whole, each element once, or it is said what they are not", () => {
    for (let turn = 0; turn < 2000; turn++) {
      const whole = randomWhole();
      const boxes = randomCut(whole);
      expect(coverProblem(boxes, whole)).toBe(undefined);
      const changed = [...boxes];
      if (random() < 0.3) changed.splice(upTo(boxes.length - 1), 1);
      if (random() < 0.5) changed.push(randomBox(whole));
      const seen = changed.flatMap(placesOf);
      const isWhole =
        new Set(seen).size === seen.length &&
        seen.length === placesOf({ from: whole.map(() => 0), shape: whole }).length; // prettier-ignore
      expect([changed, whole, coverProblem(changed, whole) === undefined]).toEqual([changed, whole, isWhole]);
    }
  });

  it("say both numbers", () => {
    const row = (from: number, rows: number): Box => ({ from: [from, 0], shape: [rows, 3] });
    expect(coverProblem([row(0, 4), row(3, 3)], [6, 3])).toBe(
      "boxes [0, 0] + [4, 3] and [3, 0] + [3, 3] share 3 elements",
    );
    expect(coverProblem([row(0, 2), row(3, 3)], [6, 3])).toBe("its boxes have 15 of the 18 elements");
    expect(coverProblem([], [])).toBe("its boxes have 0 of the 1 elements");
    expect(coverProblem([], [0, 4])).toBe(undefined);
    expect(problemOf(row(4, 3), [6, 3])).toBe("reaches from 4 to 7 along axis 0, which has 6");
    expect(problemOf({ from: [0], shape: [6] }, [6, 3])).toBe("has 1 and 1 axes, and the whole [6, 3] has 2");
  });
});

describe("who writes what", () => {
  it("is every element of the whole, once, by the first rank that has its box: 500 at random", () => {
    for (let turn = 0; turn < 500; turn++) {
      const whole = randomWhole();
      const boxes = randomCut(whole);
      const holding = (box: Box | null): Holding => ({ name: "w", dtype: "f32", whole, box, state: null });
      // Every box on one rank or more, and ranks with nothing of it, or without the parameter.
      const ranks = [...boxes, ...boxes.filter(() => random() < 0.5), null, undefined].toSorted(() => random() - 0.5);
      const plan = planShards(ranks.map((box) => (box === undefined ? [] : [holding(box)])));
      expect(plan[0].boxes.toSorted((a, b) => a.rank - b.rank)).toEqual(
        boxes
          .map((box) => ({ ...box, rank: ranks.findIndex((each) => each?.from.join() === box.from.join()) }))
          .toSorted((a, b) => a.rank - b.rank), // prettier-ignore
      );
    }
  });

  const w: Holding = { name: "w", dtype: "f32", whole: [4, 2], box: { from: [0, 0], shape: [4, 2] }, state: null };
  const moments = (step: number) => ({ step, tensors: ["first", "second"] });
  it.each<[string, Partial<Holding>, Partial<Holding>, string]>([
    ["dtype", {}, { dtype: "bf16" }, "w: its dtype is f32 on rank 0, and bf16 on rank 1."],
    ["whole", {}, { whole: [4, 3] }, "w: the shape of the whole is [4, 2] on rank 0, and [4, 3] on rank 1."],
    ["steps", { state: moments(3) }, { state: moments(4) }, "w: its count of steps is 3 on rank 0, and 4 on rank 1."],
    [
      "moments",
      { state: moments(0) },
      {},
      "w: what its optimizer keeps is first, second on rank 0, and nothing on rank 1.",
    ],
    [
      "past the end",
      {},
      { box: { from: [2, 0], shape: [4, 2] } },
      "w: on rank 1, its part reaches from 2 to 6 along axis 0, which has 4.",
    ],
    [
      "overlap",
      {},
      { box: { from: [2, 0], shape: [2, 2] } },
      "w [4, 2]: boxes [0, 0] + [4, 2] and [2, 0] + [2, 2] share 4 elements.",
    ],
    [
      "gap",
      { box: { from: [0, 0], shape: [1, 2] } },
      { box: { from: [2, 0], shape: [2, 2] } },
      "w [4, 2]: its boxes have 6 of the 8 elements.",
    ],
  ])("is refused where ranks contradict each other: %s", (_, first, second, message) => {
    expect(() => planShards([[{ ...w, ...first }], [{ ...w, ...second }]])).toThrow(message);
  });
});

/** A file whose reads are counted. */
class Counted implements ByteSource {
  readonly name = "counted";
  reads = 0;
  bytesRead = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  async read(offset: number, length: number, into = new Uint8Array(length)): Promise<Uint8Array> {
    if (length === 0 || offset + length > this.size) throw new RangeError(`${offset} + ${length}`);
    this.reads++;
    this.bytesRead += length;
    into.set(this.#bytes.subarray(offset, offset + length));
    return into;
  }
}

/** The bytes of a box whose elements are numbered in the whole. */
function numbered(box: Box, whole: readonly number[]): Uint8Array {
  const all = placesOf({ from: whole.map(() => 0), shape: whole });
  const at = new Map(all.map((place, i) => [place, i]));
  return new Uint8Array(Int32Array.from(placesOf(box), (place) => at.get(place)!).buffer);
}

describe("boxes are read out of other boxes", () => {
  it("element by element the same: 300 at random", async () => {
    for (let turn = 0; turn < 300; turn++) {
      const whole = randomWhole();
      const places = randomCut(whole).map((box) => ({ box, source: new Counted(numbered(box, whole)), offset: 0 }));
      for (const own of randomCut(whole)) {
        const read: number[] = [];
        await readBox(own, "i32", places, (at, bytes) => {
          expect(at).toBe(read.length);
          read.push(...bytes);
        });
        expect(read).toEqual([...numbered(own, whole)]);
      }
    }
  });

  it("in pieces, of columns too, without reading what is far away", async () => {
    const [rows, columns] = [1500, 3 * 2 ** 15];
    const values = new Uint8Array(rows * columns);
    // By a prime: whole rows and pieces further on, the bytes are others.
    for (let i = 0; i < values.length; i++) values[i] = i % 251;
    const source = new Counted(values);
    const place = { box: { from: [0, 0], shape: [rows, columns] }, source, offset: 0 };
    const own = { from: [7, columns - 1000], shape: [1200, 1000] };
    let [same, total] = [true, 0];
    await readBox(own, "u8", [place], (at, bytes) => {
      for (let i = 0; i < bytes.length; i++) {
        const [row, column] = [Math.floor((at + i) / 1000), (at + i) % 1000];
        same &&= bytes[i] === values[(7 + row) * columns + columns - 1000 + column];
      }
      total += bytes.length;
    });
    expect([same, total, source.bytesRead, source.reads]).toEqual([true, 1_200_000, 1_200_000, 1200]);
    // Rows of a narrow whole lie so close that many are read at once.
    const narrow = new Counted(new Uint8Array(4000 * 1000));
    await readBox(
      { from: [0, 10], shape: [4000, 100] },
      "u8",
      [{ ...place, box: { from: [0, 0], shape: [4000, 1000] }, source: narrow }],
      () => {},
    ); // prettier-ignore
    expect(narrow.reads).toBeLessThan(8);
  });
});
