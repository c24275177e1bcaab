/** Attention against the whole matrix of scores in float64: forward, block tables, gradients. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as plain from "../../src/device/kernels/plain.ts";
import { openDevice } from "../../src/job/node/open-device.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { functional, type Tensor, TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, type DeviceChoice, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

interface Form {
  readonly seed: number;
  /** Queries and keys of each sequence. */
  readonly lengths: readonly (readonly [number, number])[];
  readonly kvHeads: number;
  /** Query heads a key head. */
  readonly group: number;
  readonly dim: number;
  readonly causal: boolean;
  /** [heads, tokens, dim] in place of [tokens, heads, dim]. */
  readonly headsFirst: boolean;
}

const forms = fc.record<Form>({
  seed: fc.nat(1e6),
  lengths: fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 90 })), {
    minLength: 1,
    maxLength: 3,
  }),
  kvHeads: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 3 }),
  dim: fc.integer({ min: 1, max: 20 }),
  causal: fc.boolean(),
  headsFirst: fc.boolean(),
});
/** More queries than a tile has, and more keys. */
const long: Form = { seed: 1, lengths: [[300, 300]], kvHeads: 1, group: 2, dim: 16, causal: true, headsFirst: false };

function draw(seed: number, count: number): number[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, () => Math.fround(2 * (2 * random() - 1)));
}

function boundaries(lengths: readonly number[]): number[] {
  const all = [0];
  for (const length of lengths) all.push((all.at(-1) as number) + length);
  return all;
}

/** Where a head's vector of a token begins, and the strides that say so. */
function layout({ headsFirst, dim }: Form, tokens: number, heads: number) {
  const [token, head] = headsFirst ? [dim, tokens * dim] : [heads * dim, dim];
  return { token, head, at: (t: number, h: number) => t * token + h * head };
}

/** All that a form is made of. */
function caseOf(form: Form) {
  const { seed, lengths, kvHeads, group, dim } = form;
  const heads = kvHeads * group;
  const qStarts = boundaries(lengths.map(([n]) => n));
  const kStarts = boundaries(lengths.map(([, n]) => n));
  const [qTokens, kTokens] = [qStarts.at(-1) as number, kStarts.at(-1) as number];
  const [qs, ks] = [layout(form, qTokens, heads), layout(form, kTokens, kvHeads)];
  const q = draw(seed, qTokens * heads * dim);
  const [k, v] = [draw(seed + 1, kTokens * kvHeads * dim), draw(seed + 2, kTokens * kvHeads * dim)];
  const dout = draw(seed + 3, q.length);
  const scale = Math.fround(1 / Math.sqrt(dim));
  return { heads, qStarts, kStarts, qTokens, kTokens, qs, ks, q, k, v, dout, scale };
}

type Case = ReturnType<typeof caseOf>;

/** The plain answer for sequence s and head h, from flat numbers. */
function plainHead(form: Form, all: Case, s: number, h: number, q: Row = all.q, k: Row = all.k, v: Row = all.v) {
  const { dim, group, causal } = form;
  const vectors = (flat: Row, { at }: Case["qs"], from: number, to: number, head: number) =>
    Array.from({ length: to - from }, (_, i) => flat.slice(at(from + i, head), at(from + i, head) + dim));
  const g = Math.floor(h / group);
  const [q0, q1, k0, k1] = [all.qStarts[s], all.qStarts[s + 1], all.kStarts[s], all.kStarts[s + 1]];
  return plain.attention(
    vectors(q, all.qs, q0, q1, h),
    vectors(k, all.ks, k0, k1, g),
    vectors(v, all.ks, k0, k1, g),
    all.scale,
    causal,
  );
}

type Row = readonly number[];

const bodies: readonly DeviceChoice[] = [
  { build: "relaxed", stream: "inline" },
  { build: "base", stream: "inline" },
  { build: "relaxed", stream: "threaded" },
];

describe.each(bodies)("attention on $build kernels and a $stream stream", (body) => {
  let device: TensorDevice;
  beforeAll(async () => {
    device = await makeTensorDevice(0, body);
  });

  const make = (values: Row, dtype: "f32" | "i32" = "f32") => device.from(values, [values.length], dtype);
  const close = (found: ArrayLike<number>, wanted: Row, tolerance: number): void => {
    expect(found.length).toBe(wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      const same = found[i] === wanted[i] || Math.abs(found[i] - wanted[i]) <= tolerance * (1 + Math.abs(wanted[i]));
      if (!same) throw new Error(`element ${i} is ${found[i]}, not ${wanted[i]} (± ${tolerance})`);
    }
  };
  const launch = (
    name: "attention" | "attentionBackward" | "attentionPaged",
    tensors: readonly Tensor[],
    scalars: Row,
  ) =>
    device.raw.launch(
      name,
      tensors.map((tensor) => tensor.ref()),
      scalars,
    );

  /** Output and log-sum-exp as the plain answer has them, laid out flat. */
  function wantedOf(form: Form, all: Case) {
    const out = Array<number>(all.q.length).fill(0);
    const lse = Array<number>(all.heads * all.qTokens).fill(0);
    for (const [s] of form.lengths.entries()) {
      for (let h = 0; h < all.heads; h++) {
        const found = plainHead(form, all, s, h);
        for (const [i, row] of found.out.entries()) {
          for (const [c, value] of row.entries()) out[all.qs.at(all.qStarts[s] + i, h) + c] = value;
          lse[h * all.qTokens + all.qStarts[s] + i] = found.lse[i];
        }
      }
    }
    return { out, lse };
  }

  function scalarsOf({ lengths, kvHeads, dim, causal }: Form, all: Case): number[] {
    const { heads, qTokens, kTokens, qs, ks, scale } = all;
    const strides = [qs.token, qs.head, ks.token, ks.head, qs.token, qs.head];
    return [lengths.length, heads, kvHeads, dim, qTokens, kTokens, ...strides, causal ? 1 : 0, scale];
  }

  async function forward(form: Form) {
    const all = caseOf(form);
    const [o, lse] = [device.empty([all.q.length]), device.empty([all.heads * all.qTokens])];
    const inputs = [make(all.q), make(all.k), make(all.v)];
    const starts = [make(all.qStarts, "i32"), make(all.kStarts, "i32")];
    launch("attention", [...inputs, o, lse, ...starts], scalarsOf(form, all));
    const wanted = wantedOf(form, all);
    close(await o.data(), wanted.out, 2e-6);
    close(await lse.data(), wanted.lse, 2e-6);
    return { all, inputs, starts, o, lse };
  }

  it("agrees for sequences of different lengths, shared key heads, causal or not", async () => {
    await fc.assert(
      fc.asyncProperty(forms, async (form) => void (await forward(form))),
      { numRuns: 60 },
    );
    await forward(long);
    await forward({ ...long, causal: false, headsFirst: true });
    await forward({
      ...long,
      lengths: [
        [1, 200],
        [130, 257],
      ],
      dim: 64,
    });
  });

  it("reads keys and values through a block table", async () => {
    await fc.assert(
      fc.asyncProperty(forms, fc.integer({ min: 1, max: 17 }), async (given, page) => {
        const form = { ...given, headsFirst: false };
        const all = caseOf(form);
        const { kvHeads, dim, lengths } = form;
        const width = Math.max(1, ...lengths.map(([, n]) => Math.ceil(n / page)));
        const pages = lengths.length * width + 3;
        const order = Array.from({ length: pages }, (_, i) => (i * 7 + 3) % pages); // any order, if 7 divides not
        const distinct = new Set(order).size === pages ? order : order.map((_, i) => pages - 1 - i);
        const tables = Array.from({ length: lengths.length * width }, (_, i) => distinct[i]);
        const size = kvHeads * dim;
        const store = (flat: Row): number[] => {
          const cache = Array<number>(pages * page * size).fill(Number.NaN); // what no table names must not count
          for (const [s, [, n]] of lengths.entries()) {
            for (let t = 0; t < n; t++) {
              const place = tables[s * width + Math.floor(t / page)] * page + (t % page);
              for (let c = 0; c < size; c++) cache[place * size + c] = flat[(all.kStarts[s] + t) * size + c];
            }
          }
          return cache;
        };
        const [o, lse] = [device.empty([all.q.length]), device.empty([all.heads * all.qTokens])];
        const numbers = [all.qStarts, lengths.map(([, n]) => n), tables].map((values) => make(values, "i32"));
        const [sequences, heads, , , qTokens, , ...rest] = scalarsOf(form, all);
        launch(
          "attentionPaged",
          [make(all.q), make(store(all.k)), make(store(all.v)), o, lse, ...numbers],
          [0, sequences, heads, kvHeads, dim, qTokens, pages, page, width, ...rest],
        );
        const wanted = wantedOf(form, all);
        close(await o.data(), wanted.out, 2e-6);
        close(await lse.data(), wanted.lse, 2e-6);
      }),
      { numRuns: 40 },
    );
  });

  it("has the gradients that the slopes say", async () => {
    const small = forms.map((form) => ({
      ...form,
      lengths: form.lengths.slice(0, 2).map(([a, b]) => [a % 6, b % 7] as const),
      dim: 1 + (form.dim % 5),
    }));
    await fc.assert(
      fc.asyncProperty(small, async (form) => {
        const { all, inputs, starts, o, lse } = await forward(form);
        const loss = (q: Row, k: Row, v: Row): number => {
          let sum = 0;
          for (const [s] of form.lengths.entries()) {
            for (let h = 0; h < all.heads; h++) {
              for (const [i, row] of plainHead(form, all, s, h, q, k, v).out.entries())
                for (const [c, value] of row.entries()) sum += value * all.dout[all.qs.at(all.qStarts[s] + i, h) + c];
            }
          }
          return sum;
        };
        const [dq, dk, dv] = [all.q, all.k, all.v].map(({ length }) => device.zeros([length]));
        launch("attentionBackward", [...inputs, o, lse, make(all.dout), dq, dk, dv, ...starts], scalarsOf(form, all));
        close(
          await dq.data(),
          plain.slopes((q) => loss(q, all.k, all.v), all.q),
          3e-5,
        );
        close(
          await dk.data(),
          plain.slopes((k) => loss(all.q, k, all.v), all.k),
          3e-5,
        );
        close(
          await dv.data(),
          plain.slopes((v) => loss(all.q, all.k, v), all.v),
          3e-5,
        );
      }),
      { numRuns: 25 },
    );
  });

  it("has the same gradients over several tiles as over one", async () => {
    // One row of the output at a time: the gradients add up over tiles of queries and keys.
    const { all, inputs, starts, o, lse } = await forward(long);
    const total = [all.q, all.k, all.v].map(({ length }) => device.zeros([length]));
    launch("attentionBackward", [...inputs, o, lse, make(all.dout), ...total, ...starts], scalarsOf(long, all));
    const random = mulberry32(5);
    const loss = (q: Row, k: Row, v: Row): number =>
      [0, 1].reduce((sum, h) => {
        const { out } = plainHead(long, all, 0, h, q, k, v);
        return (
          sum + out.reduce((s, row, i) => s + row.reduce((t, x, c) => t + x * all.dout[all.qs.at(i, h) + c], 0), 0)
        );
      }, 0);
    for (const [which, given] of [all.q, all.k, all.v].entries()) {
      const found = await total[which].data();
      for (let trial = 0; trial < 4; trial++) {
        const i = Math.floor(random() * given.length);
        const slope = plain.slopes(
          ([x]) => {
            const moved = [all.q, all.k, all.v].map((list, j) => (j === which ? list.with(i, x) : list));
            return loss(moved[0], moved[1], moved[2]);
          },
          [given[i]],
        )[0];
        expect(Math.abs(found[i] - slope)).toBeLessThan(1e-4 * (1 + Math.abs(slope)));
      }
    }
  });

  it.each([
    ["one token too many", [0, 3, 9], "sequence 1"],
    ["a sequence that ends before it begins", [0, 3, 2], "sequence 1"],
    ["a beginning before the tokens", [-1, 3, 8], "sequence 0"],
  ])("refuses %s, of queries and of keys", async (_, boundaries, who) => {
    const scalars = [2, 1, 1, 8, 8, 8, 8, 8, 8, 8, 8, 8, 1, 1];
    for (const wrong of [0, 1]) {
      const other = await makeTensorDevice(0, body);
      const x = other.ones([64]);
      const starts = [0, 1].map((i) => other.from(i === wrong ? boundaries : [0, 3, 8], [3], "i32"));
      other.raw.launch(
        "attention",
        [x, x, x, other.empty([64]), other.empty([8]), ...starts].map((t) => t.ref()),
        scalars,
      );
      await expect(other.synchronize()).rejects.toThrow(`Kernel attention failed: ${who} lies outside the tokens`);
    }
  });

  it.each([
    ["a page just beyond the last", [0, 3], 4, 8],
    ["a page before the first", [0, -1], 4, 8],
    ["more tokens than its table has pages for", [0, 1], 9, 8],
    ["fewer tokens than none", [0, 1], -1, 8],
    ["a query just beyond the last", [0, 1], 8, 9],
  ])("refuses %s", async (_, table, length, queries) => {
    const [pages, page, width, dim] = [3, 2, 4, 8];
    const run = async (row: readonly number[], tokens: number, end: number): Promise<void> => {
      const other = await makeTensorDevice(0, body);
      const [q, cache] = [other.ones([8 * dim]), other.ones([pages * page * dim])];
      const tables = other.from([...row, 0, 0], [width], "i32");
      const [starts, lengths] = [other.from([0, end], [2], "i32"), other.from([tokens], [1], "i32")];
      other.raw.launch(
        "attentionPaged",
        [q, cache, cache, other.empty([8 * dim]), other.empty([8]), starts, lengths, tables].map((t) => t.ref()),
        [0, 1, 1, 1, dim, 8, pages, page, width, dim, dim, dim, dim, dim, dim, 1, 1],
      );
      await other.synchronize();
    };
    await run([0, 2], 4, 8); // the last page is there
    await expect(run(table, length, queries)).rejects.toThrow("Kernel attentionPaged failed: sequence 0");
  });
});

describe("what attention costs", () => {
  /** Pairs that the mask of each sequence lets through, one by one. */
  function counted({ lengths, causal }: Form): number {
    let pairs = 0;
    for (const [m, n] of lengths)
      for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) if (!causal || j <= i + n - m) pairs++;
    return pairs;
  }

  it("is a plain count over masks, packed, backward and over pages", async () => {
    const { device: raw, tracer, close } = await openDevice({ traced: true });
    const device = new TensorDevice(raw, 0);
    const wanted: (readonly [string, number])[] = [];
    const tableSizes: number[] = [];
    const launch = (form: Form, page: number): void => {
      const { lengths, kvHeads, group, dim, causal } = form;
      const all = caseOf(form);
      const i32 = (values: Row) => device.from(values, [values.length], "i32");
      const [q, dout] = [0, 1].map(() => device.zeros([all.qTokens, all.heads, dim]));
      const [k, v] = [0, 1].map(() => device.zeros([all.kTokens, kvHeads, dim]));
      const packed = { q, k, v, qStarts: i32(all.qStarts), kStarts: i32(all.kStarts), causal };
      functional.attentionBackward({ ...packed, ...functional.attention(packed), dout });
      const width = Math.max(1, ...lengths.map(([, n]) => Math.ceil(n / page)));
      const pages = device.zeros([width, page, kvHeads, dim]);
      const tables = device.zeros([lengths.length, width], "i32"); // all sequences share the first page
      const numbers = i32(lengths.map(([, n]) => n));
      functional.attentionPaged({ ...packed, k: pages, v: pages, lengths: numbers, tables });
      const each = kvHeads * group * dim * counted(form);
      wanted.push(["attention", 4 * each], ["attentionBackward", 10 * each], ["attentionPaged", 4 * each]);
      tableSizes.push(tables.size);
    };
    fc.assert(fc.property(forms, fc.integer({ min: 1, max: 17 }), launch), { numRuns: 30 });
    for (const causal of [true, false]) {
      const lengths = [
        [1, 200],
        [130, 7],
        [0, 3],
        [5, 0],
        [64, 64],
      ] as const;
      launch({ ...long, kvHeads: 2, group: 3, lengths, causal }, 16);
    }
    await device.synchronize();
    const found = (tracer?.spans ?? []).filter(({ name }) => name.startsWith("attention"));
    expect(found.map(({ name, args }) => [name, args?.flops])).toEqual(wanted);
    // Over pages as many keys and values are read as when they are packed, however many there are; besides, the table.
    const bytesOf = (kernel: string) =>
      found.flatMap(({ name, args }) => (name === kernel ? [Number(args?.bytes)] : []));
    const packed = bytesOf("attention");
    expect(bytesOf("attentionPaged")).toEqual(tableSizes.map((size, i) => packed[i] + 4 * (size - 1)));
    await close();
  });
});
