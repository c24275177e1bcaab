/** Keys and values in pages of every dtype: what is written, copied and read, against plain sums in float64; and bits that depend on nothing else. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as plain from "../../src/device/kernels/plain.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, type DeviceChoice, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

type KvDType = "f32" | "bf16" | "int8";
const dtypes = ["f32", "bf16", "int8"] as const;

interface Form {
  readonly seed: number;
  readonly dtype: KvDType;
  readonly page: number;
  /** New tokens of each sequence, and all of them. */
  readonly lengths: readonly (readonly [number, number])[];
  readonly kvHeads: number;
  readonly group: number;
  readonly dim: number;
}

const forms = fc.record<Form>({
  seed: fc.nat(1e6),
  dtype: fc.constantFrom(...dtypes),
  page: fc.constantFrom(1, 3, 4, 16),
  lengths: fc.array(
    fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 40), fc.nat(90)).map(([m, more]) => [m, m + more] as const),
    { minLength: 1, maxLength: 4 },
  ),
  kvHeads: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  dim: fc.integer({ min: 1, max: 40 }),
});

function draw(seed: number, count: number): number[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, () => Math.fround(2 * (2 * random() - 1)));
}

/** What a vector of one head is read as, once it was written. */
function kept(dtype: KvDType, x: readonly number[]): number[] {
  if (dtype === "f32") return [...x];
  if (dtype === "bf16") return x.map(bf16);
  const { bytes, scale } = bytesOf(x);
  return bytes.map((byte) => byte * scale);
}

/** The nearest number with 8 bits of mantissa, the even one of two. */
function bf16(x: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer)[0];
  const rounded = bits + 0x7fff + ((bits >>> 16) & 1);
  return new Float32Array(new Uint32Array([(rounded >>> 16) << 16]).buffer)[0];
}

/** Signed bytes, the largest 127, and their scale. */
function bytesOf(x: readonly number[]): { bytes: number[]; scale: number } {
  const scale = Math.fround(Math.max(...x.map(Math.abs)) / 127);
  const inverse = scale > 0 ? Math.fround(1 / scale) : 0;
  return { bytes: x.map((value) => nearestEven(Math.fround(value * inverse))), scale };
}

function nearestEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

const bodies: readonly DeviceChoice[] = [
  { build: "relaxed", stream: "inline" },
  { build: "base", stream: "inline" },
  { build: "relaxed", stream: "threaded" },
];

describe.each(bodies)("pages on $build kernels and a $stream stream", (body) => {
  let device: TensorDevice;
  beforeAll(async () => {
    device = await makeTensorDevice(0, body);
  });
  const i32 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
    device.from([...values], [...shape], "i32");

  /** Pages in which slot i is row i of `rows`, [slots, heads, dim]; what nobody wrote is NaN. */
  function pagesOf(dtype: KvDType, rows: Tensor, slots: readonly number[], all: number): Tensor | F.Quantized8 {
    const [, heads, dim] = rows.shape;
    const index = i32(slots);
    if (dtype === "int8") {
      const table = { packed: device.full([all, heads, dim], 77, "u8"), scales: device.full([all, heads], Number.NaN) };
      return F.indexCopy({ table, index, source: rows });
    }
    const table = device.full([all, heads * dim], Number.NaN, dtype);
    return F.indexCopy({ table, index, source: rows.reshape([slots.length, heads * dim]) });
  }

  function inPages(cache: Tensor | F.Quantized8, page: number, heads: number, dim: number): Tensor | F.Quantized8 {
    if ("packed" in cache)
      return { packed: cache.packed.reshape([-1, page, heads, dim]), scales: cache.scales.reshape([-1, page, heads]) };
    return cache.reshape([-1, page, heads, dim]);
  }

  /** Some numbers for each sequence, in one step. @param cut how many of a sequence's new tokens come in this step: from, to. */
  async function attend(form: Form, cut = (m: number): readonly [number, number] => [0, m], page = form.page) {
    const { seed, dtype, lengths, kvHeads, group, dim } = form;
    const heads = kvHeads * group;
    const width = Math.max(1, ...lengths.map(([, n]) => Math.ceil(n / page)));
    const count = lengths.length * width + 2;
    // Pages in an order of their own: the last sequence's first.
    const tables = Array.from({ length: lengths.length * width }, (_, i) => count - 1 - i);
    const slots = lengths.flatMap(([, n], s) =>
      Array.from({ length: n }, (_, t) => tables[s * width + Math.floor(t / page)] * page + (t % page)),
    );
    const keys = lengths.reduce((sum, [, n]) => sum + n, 0);
    const queries = lengths.reduce((sum, [m]) => sum + m, 0);
    const flat = {
      q: draw(seed, queries * heads * dim),
      k: draw(seed + 1, keys * kvHeads * dim),
      v: draw(seed + 2, keys * kvHeads * dim),
    };
    const chosen: number[] = []; // queries of this step
    const starts = [0];
    let before = 0;
    for (const [m] of lengths) {
      const [from, to] = cut(m);
      for (let i = from; i < to; i++) chosen.push(before + i);
      before += m;
      starts.push(chosen.length);
    }
    const row = heads * dim;
    const seen = lengths.map(([m, n]) => n - (m - cut(m)[1]));
    const out = device.scope(() => {
      const [k, v] = [flat.k, flat.v].map((values) => {
        const cache = pagesOf(dtype, device.from(values, [keys, kvHeads, dim]), slots, count * page);
        return inPages(cache, page, kvHeads, dim);
      });
      const some = chosen.flatMap((i) => flat.q.slice(i * row, (i + 1) * row));
      const q = device.from(some, [chosen.length, heads, dim]);
      const numbers = { qStarts: i32(starts), lengths: i32(seen), tables: i32(tables, [lengths.length, width]) };
      return F.attentionPaged({ q, k, v, ...numbers }).o;
    });
    const found = await out.data();
    out.dispose();
    return { flat, chosen, heads, found };
  }

  it("attention over them is the plain sum over what they keep", async () => {
    await fc.assert(
      fc.asyncProperty(forms, async (form) => {
        const { dtype, lengths, kvHeads, group, dim } = form;
        const { flat, heads, found } = await attend(form);
        const vectors = (values: readonly number[], rows: number, first: number, all: number, h: number, as: KvDType) =>
          Array.from({ length: rows }, (_, i) => {
            const at = ((first + i) * all + h) * dim;
            return kept(as, values.slice(at, at + dim));
          });
        let [q0, k0] = [0, 0];
        for (const [m, n] of lengths) {
          for (let h = 0; h < heads; h++) {
            const g = Math.floor(h / group);
            const [k, v] = [flat.k, flat.v].map((values) => vectors(values, n, k0, kvHeads, g, dtype));
            const { out } = plain.attention(vectors(flat.q, m, q0, heads, h, "f32"), k, v, 1 / Math.sqrt(dim), true);
            for (const [i, row] of out.entries()) {
              for (const [c, value] of row.entries()) {
                const is = found[((q0 + i) * heads + h) * dim + c];
                expect(Math.abs(is - value)).toBeLessThan(3e-6 * (1 + Math.abs(value)));
              }
            }
          }
          q0 += m;
          k0 += n;
        }
      }),
      { numRuns: 60 },
    );
  });

  it("to the last bit, a query's result knows neither the length of pages nor the queries beside it", async () => {
    const shapes = fc.record({
      form: forms,
      step: fc.integer({ min: 1, max: 6 }),
      page: fc.constantFrom(1, 4, 16, 64, 100),
    });
    const check = async (form: Form, step: number, page: number, every = step): Promise<void> => {
      const { found: all, heads, chosen } = await attend(form);
      const row = heads * form.dim;
      const bits = (values: ArrayLike<number>, i: number) =>
        Buffer.from(Float32Array.from(values).buffer, i * row * 4, row * 4).toString("hex");
      expect((await attend(form, undefined, page)).found).toEqual(all);
      const most = Math.max(...form.lengths.map(([m]) => m));
      for (let from = 0; from < most; from += every) {
        const part = await attend(form, (m) => [Math.min(from, m), Math.min(from + step, m)]);
        for (const [at, i] of part.chosen.entries()) expect(bits(part.found, at)).toBe(bits(all, i));
      }
      expect(chosen.length * row).toBe(all.length);
    };
    await fc.assert(
      fc.asyncProperty(shapes, ({ form, step, page }) => check(form, step, page)),
      { numRuns: 25 },
    );
    // More queries and keys than a tile has, and heads as long as a real model's.
    for (const dtype of dtypes) {
      const long: Form = { seed: 5, dtype, page: 16, lengths: [[150, 300], [1, 130]], kvHeads: 1, group: 2, dim: 64 }; // biome-ignore format: one line
      await check(long, 1, 1, 29);
      await check(long, 37, 7);
    }
  });

  it("keep bytes and scales, of zeros, tiny and huge numbers, and what is no number", async () => {
    const vectors = [
      [0, 0, 0, 0, 0],
      [1e-42, -1e-42, 0, 1e-43, 0],
      [3e38, -3e38, 1e38, 0, 1],
      [0.5, 1.5, -2.5, 127, 3.5],
    ];
    const table = { packed: device.full([6, 1, 5], 9, "u8"), scales: device.full([6, 1], 9) };
    F.indexCopy({ table, index: i32([4, 0, 1, 2]), source: device.from(vectors.flat(), [4, 1, 5]) });
    const bytes = Array.from(new Int8Array((await table.packed.data()).buffer));
    const scales = await table.scales.data();
    const rowOf = (row: number): number[] => bytes.slice(5 * row, 5 * row + 5);
    expect([rowOf(4), scales[4]]).toEqual([[0, 0, 0, 0, 0], 0]);
    expect(rowOf(0)[0]).toBeGreaterThan(0); // so small that the scale itself is not exact
    for (const [row, vector] of [
      [1, vectors[2]],
      [2, vectors[3]],
    ] as const) {
      const wanted = bytesOf(vector);
      expect([rowOf(row), scales[row]]).toEqual([wanted.bytes, wanted.scale]);
    }
    expect([rowOf(3), scales[3], rowOf(5), scales[5]]).toEqual([[9, 9, 9, 9, 9], 9, [9, 9, 9, 9, 9], 9]);
    F.indexCopy({ table, index: i32([3]), source: device.from([1, Number.NaN, 2, 3, 4], [1, 1, 5]) });
    expect((await table.scales.data())[3]).toBeNaN(); // a NaN is not made a zero
  });

  it("write rows exactly as the plain rounding has them, in any order and many times", async () => {
    await fc.assert(
      fc.asyncProperty(forms, async ({ seed, kvHeads, dim, dtype }) => {
        const [rows, n] = [6, 9];
        const index = draw(seed + 9, n).map((value) => Math.floor(((value + 2) / 4) * rows) % rows);
        const source = draw(seed, n * kvHeads * dim);
        const cache = pagesOf(dtype, device.from(source, [n, kvHeads, dim]), index, rows);
        const found = "packed" in cache ? undefined : await cache.to("f32").data();
        const bytes = "packed" in cache ? new Int8Array((await cache.packed.data()).buffer) : undefined;
        const scales = "packed" in cache ? await cache.scales.data() : undefined;
        for (const tensor of "packed" in cache ? [cache.packed, cache.scales] : [cache]) tensor.dispose();
        for (let row = 0; row < rows; row++) {
          const at = index.lastIndexOf(row);
          for (let h = 0; at >= 0 && h < kvHeads; h++) {
            const vector = source.slice((at * kvHeads + h) * dim, (at * kvHeads + h + 1) * dim);
            const place = (row * kvHeads + h) * dim;
            if (found) expect([...found.subarray(place, place + dim)]).toEqual(kept(dtype, vector));
            else {
              const wanted = bytesOf(vector);
              expect(scales?.[row * kvHeads + h]).toBe(wanted.scale);
              expect([...(bytes?.subarray(place, place + dim) ?? [])]).toEqual(wanted.bytes.map((byte) => byte + 0));
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("are copied whole, one after the other, whatever they are made of", async () => {
    for (const dtype of ["f32", "bf16", "u8", "i32"] as const) {
      const table = device.from(Array.from({ length: 42 }, (_, i) => i), [6, 7], "i32").to(dtype); // biome-ignore format: one line
      F.copyRows({ table, from: i32([0, 5, 3]), to: i32([3, 1, 2]) });
      const rows = await table.to("i32").toArray();
      expect((rows as number[][]).map((row) => row[0] / 7)).toEqual([0, 5, 0, 0, 4, 5]);
      expect((rows as number[][]).every((row) => row.every((value, i) => value === row[0] + i))).toBe(true);
    }
  });
});

it("calls that make no sense are refused, with what was expected", async () => {
  const device = await makeTensorDevice(0);
  const i32 = (values: number[]) => device.tensor(values, "i32");
  const numbers = { qStarts: i32([0, 1]), lengths: i32([1]), tables: device.zeros([1, 1], "i32") };
  const q = device.ones([1, 4, 8]);
  const [k, half] = [device.ones([1, 4, 2, 8]), device.ones([1, 4, 2, 8], "bf16")];
  const bytes = { packed: device.ones([1, 4, 2, 8], "u8"), scales: device.ones([1, 4, 2]) };
  expect(() => F.attentionPaged({ q, k, v: half, ...numbers })).toThrow("takes v as f32");
  expect(() => F.attentionPaged({ q, k, v: bytes, ...numbers })).toThrow("takes k and v in one dtype");
  expect(() => F.attentionPaged({ q: device.ones([1, 3, 8]), k, v: k, ...numbers })).toThrow(
    "a multiple of their number",
  );
  expect(() => F.attentionPaged({ q: device.ones([1, 4, 6]), k, v: k, ...numbers })).toThrow("heads of 6");
  const bad = { ...bytes, scales: device.ones([1, 4]) };
  expect(() => F.attentionPaged({ q, k: bad, v: bytes, ...numbers })).toThrow("one for each token and head");
  const source = device.ones([1, 2, 8]);
  expect(() => F.indexCopy({ table: k, index: i32([0]), source })).toThrow("takes a table [rows, width]");
  expect(() => F.indexCopy({ table: bytes, index: i32([0]), source })).toThrow("table of 8 bits [rows, heads, dim]");
  const table = { packed: device.ones([4, 2, 8], "u8"), scales: device.ones([4, 3]) };
  expect(() => F.indexCopy({ table, index: i32([0]), source })).toThrow("one for each row and head");
  expect(() => F.copyRows({ table: k, from: i32([0]), to: i32([0, 0]) })).toThrow("one for each row that is copied");
  expect(() => device.raw.launch("putRows", [q.ref(), i32([0]).ref(), q.ref()], [1, 1, 1, 1])).toThrow("f32 or bf16");
});
