import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DType } from "../../src/device/index.ts";
import { decode, encode, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { Plain } from "../../src/tensor/plain.ts";
import { closeDevices, type DeviceChoice, makeTensorDevice } from "../helpers/device.ts";

const dtypes: readonly DType[] = ["f32", "f16", "bf16", "i32", "u8"];
const floats: readonly DType[] = ["f32", "f16", "bf16"];
/** Relative precision of a dtype. */
const unit: Readonly<Record<DType, number>> = { f32: 2 ** -23, f16: 2 ** -10, bf16: 2 ** -7, i32: 0, u8: 0 };

/** What rounding to a denormal may add. */
const tiny: Readonly<Record<DType, number>> = { f32: 1e-37, f16: 2 ** -25, bf16: 1e-37, i32: 0, u8: 0 };

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
/** Axes of length zero included. */
const hollow = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });
const solid = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });

/** Numbers rounded to the dtype, with the tensor that holds them. */
function makeOn(
  device: TensorDevice,
  shape: readonly number[],
  dtype: DType,
  seed: number,
): { x: Tensor; plain: Plain } {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const size = shape.reduce((a, b) => a * b, 1);
  const raw = Array.from({ length: size }, () =>
    dtype === "u8" ? Math.floor(next() * 15) : dtype === "i32" ? Math.floor(next() * 200 - 100) : next() * 4 - 2,
  );
  const values = decode(Uint8Array.from(encode(raw, dtype)), dtype);
  return { x: device.from(raw, shape, dtype), plain: new Plain(shape, values) };
}

/** Compares with float64, allowing so many roundings. */
async function expectNear(x: Tensor, plain: Plain, roundings: number, scale = 1): Promise<void> {
  expect(x.shape).toEqual(plain.shape);
  const data = await x.data();
  for (let i = 0; i < plain.data.length; i++) {
    const wanted = plain.data[i];
    const allowed = roundings * unit[x.dtype] * Math.max(Math.abs(wanted), scale) + tiny[x.dtype];
    // A quotient by a small number may be more than f16 has: infinity then.
    const beyond = x.dtype === "f16" && Math.abs(wanted) >= 65520 ? Math.sign(wanted) * Infinity : Math.fround(wanted);
    if (!(Math.abs(data[i] - wanted) <= allowed) && !Object.is(data[i], beyond)) {
      throw new Error(`${x}: element ${i} is ${data[i]}, not ${wanted}`);
    }
  }
}

/** Shapes that broadcast against each other. */
const pairs = fc
  .tuple(hollow, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), fc.nat(3))
  .map(([shape, ones, drop]) => {
    const a = shape.map((length, i) => (ones[i] ? 1 : length));
    const b = shape.map((length, i) => (ones[i + 4] ? 1 : length)).slice(Math.min(drop, shape.length));
    return [a, b] as const;
  });

afterAll(closeDevices);

const bodies: readonly DeviceChoice[] = [
  { build: "relaxed", stream: "inline" },
  { build: "base", stream: "inline" },
  { build: "relaxed", stream: "deferred" },
  { build: "relaxed", stream: "threaded" },
];

describe.each(bodies)("tensors on $build kernels and a $stream stream", (body) => {
  let device: TensorDevice;
  const make = (shape: readonly number[], dtype: DType, seed: number) => makeOn(device, shape, dtype, seed);
  beforeAll(async () => {
    device = await makeTensorDevice(0, body);
  });

  describe("elementwise, against float64", () => {
    const binary = {
      add: (a: number, b: number) => a + b,
      sub: (a: number, b: number) => a - b,
      mul: (a: number, b: number) => a * b,
      minimum: Math.min,
      maximum: Math.max,
    };
    for (const [name, f] of Object.entries(binary)) {
      it(name, () =>
        fc.assert(
          fc.asyncProperty(pairs, fc.constantFrom(...dtypes), fc.nat(), async ([a, b], dtype, seed) => {
            const x = make(a, dtype, seed);
            const y = make(b, dtype, seed + 1);
            const wanted = x.plain.zip(y.plain, f).map((v) => (dtype === "u8" ? ((v % 256) + 256) % 256 : v));
            await expectNear(x.x[name as "add"](y.x), wanted, 1);
          }),
          { numRuns: 60 },
        ),
      );
    }

    it("div", () =>
      fc.assert(
        fc.asyncProperty(pairs, fc.constantFrom(...floats), fc.nat(), async ([a, b], dtype, seed) => {
          const x = make(a, dtype, seed);
          const y = make(b, dtype, seed + 1);
          await expectNear(
            x.x.div(y.x),
            x.plain.zip(y.plain, (p, q) => p / q),
            1,
          );
        }),
        { numRuns: 60 },
      ));

    const comparisons = {
      eq: (a: number, b: number) => a === b,
      ne: (a: number, b: number) => a !== b,
      lt: (a: number, b: number) => a < b,
      le: (a: number, b: number) => a <= b,
      gt: (a: number, b: number) => a > b,
      ge: (a: number, b: number) => a >= b,
    };
    it("comparisons", () =>
      fc.assert(
        fc.asyncProperty(pairs, fc.constantFrom(...dtypes), fc.nat(), async ([a, b], dtype, seed) => {
          const x = make(a, dtype, seed);
          const y = make(b, dtype, seed % 2 ? seed : seed + 1);
          for (const [name, f] of Object.entries(comparisons)) {
            await expectNear(
              x.x[name as "eq"](y.x),
              x.plain.zip(y.plain, (p, q) => Number(f(p, q))),
              0,
            );
          }
        }),
        { numRuns: 40 },
      ));

    const unary = {
      neg: (x: number) => -x,
      abs: Math.abs,
      exp: Math.exp,
      sqrt: Math.sqrt,
      tanh: Math.tanh,
      relu: (x: number) => Math.max(0, x),
      sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
      log: Math.log,
    };
    for (const [name, f] of Object.entries(unary)) {
      it(name, () =>
        fc.assert(
          fc.asyncProperty(shapes, fc.constantFrom(...floats), fc.nat(), async (shape, dtype, seed) => {
            const { x, plain } = make(shape, dtype, seed);
            const positive = name === "log" || name === "sqrt";
            await expectNear(
              positive ? x.abs()[name as "exp"]() : x[name as "exp"](),
              plain.map((v) => f(positive ? Math.abs(v) : v)),
              4,
              0.3,
            );
          }),
          { numRuns: 60 },
        ),
      );
    }

    it("meets the ends of the number line", async () => {
      const x = device.tensor([0, -0, Infinity, -Infinity, Number.NaN, 88.7, 89, -87, -200, 1e-30]);
      expect(await x.exp().data()).toEqual(
        Float32Array.from([
          1,
          1,
          Infinity,
          0,
          Number.NaN,
          expect.closeTo(3.3, 1) && (await device.tensor([88.7]).exp().item()),
          Infinity,
          await device.tensor([-87]).exp().item(),
          0,
          1,
        ]),
      );
      expect([...(await device.tensor([0, -1, Infinity, Number.NaN]).log().data())]).toEqual([
        -Infinity,
        Number.NaN,
        Infinity,
        Number.NaN,
      ]);
      expect([...(await device.tensor([Infinity, -Infinity, Number.NaN]).tanh().data())]).toEqual([1, -1, Number.NaN]);
      expect([
        ...(await device
          .tensor([1, Number.NaN])
          .maximum(device.tensor([Number.NaN, 0]))
          .data()),
      ]).toEqual([Number.NaN, Number.NaN]);
    });
  });

  describe("casts", () => {
    it("round as IEEE and bfloat16 do, on all halves and between", async () => {
      const halves = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
      for (const dtype of ["f16", "bf16"] as const) {
        const values = decode(halves.slice(), dtype);
        const there = device.from(values, [65536], "f32").to(dtype);
        const back = await there.to("f32").data();
        for (let i = 0; i < 65536; i++)
          if (!Object.is(back[i], values[i])) throw new Error(`${dtype} ${i}: ${values[i]} became ${back[i]}`);
      }
    });

    it("agree with the host's rounding", () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.float({ noNaN: false }), { minLength: 1, maxLength: 40 }),
          fc.constantFrom("f16" as const, "bf16" as const),
          async (values, dtype) => {
            const device32 = await device.from(values, [values.length], "f32").to(dtype).data();
            const host = decode(Uint8Array.from(encode(values, dtype)), dtype);
            for (let i = 0; i < values.length; i++)
              if (!Object.is(device32[i], host[i]))
                throw new Error(`${dtype} of ${values[i]}: ${device32[i]} here, ${host[i]} there`);
          },
        ),
      ));

    it("truncate floats and wrap u8", async () => {
      expect([...(await device.tensor([1.9, -1.9, 300.5, 3e9]).to("i32").data())]).toEqual([1, -1, 300, 2147483647]);
      expect([...(await device.tensor([256, 257, -1], "i32").to("u8").data())]).toEqual([0, 1, 255]);
    });
  });

  describe("views and reductions, against float64", () => {
    it("permute, slice, select, reshape", () =>
      fc.assert(
        fc.asyncProperty(solid, fc.constantFrom(...dtypes), fc.nat(), fc.nat(), async (shape, dtype, seed, pick) => {
          const { x, plain } = make(shape, dtype, seed);
          const order = shape.map((_, i) => (i + pick) % shape.length);
          const axis = pick % shape.length;
          const length = shape[order[axis]];
          const from = pick % length;
          await expectNear(x.permute(order), plain.permute(order), 0);
          await expectNear(
            x.permute(order).slice(axis, from, length),
            plain.permute(order).slice(axis, from, length),
            0,
          );
          await expectNear(x.permute(order).select(axis, from), plain.permute(order).select(axis, from), 0);
          await expectNear(x.permute(order).reshape([-1]), plain.permute(order).reshape([x.size]), 0);
        }),
      ));

    const reductions = {
      sum: (v: number[]) => v.reduce((a, b) => a + b, 0),
      prod: (v: number[]) => v.reduce((a, b) => a * b, 1),
    };
    for (const [name, f] of Object.entries(reductions)) {
      it(name, () =>
        fc.assert(
          fc.asyncProperty(
            fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 3 }),
            fc.constantFrom(...floats),
            fc.nat(),
            async (shape, dtype, seed) => {
              const { x, plain } = make(shape, dtype, seed);
              const axis = seed % shape.length;
              const wanted = plain.reduce(axis, f);
              // As many roundings as there are terms, of values no larger than all of them together.
              const sizes = plain.map(Math.abs).reduce(axis, f);
              const scale = Math.max(0, ...sizes.data);
              await expectNear(x[name as "sum"](axis), wanted, 1 + (dtype === "f32" ? shape[axis] / 2 : 0), scale);
            },
          ),
        ),
      );
    }

    it("max, min, argmax, mean, softmax", () =>
      fc.assert(
        fc.asyncProperty(solid, fc.constantFrom(...floats), fc.nat(), async (shape, dtype, seed) => {
          const { x, plain } = make(shape, dtype, seed);
          const axis = seed % shape.length;
          await expectNear(
            x.max(axis),
            plain.reduce(axis, (v) => Math.max(...v)),
            0,
          );
          await expectNear(
            x.min(axis),
            plain.reduce(axis, (v) => Math.min(...v)),
            0,
          );
          await expectNear(
            x.argmax(axis),
            plain.reduce(axis, (v) => v.indexOf(Math.max(...v))),
            0,
          );
          await expectNear(
            x.mean(axis),
            plain.reduce(axis, (v) => v.reduce((a, b) => a + b, 0) / v.length),
            8,
          );
          await expectNear(x.softmax(axis), plain.softmax(axis), 8);
        }),
      ));

    it("change in place, flatten and unsqueeze", async () => {
      const x = device.tensor([
        [1, 2],
        [3, 4],
      ]);
      expect(
        await x
          .add_(1)
          .mul_(device.tensor([2, 10]))
          .sub_(2)
          .div_(2)
          .toArray(),
      ).toEqual([
        [1, 14],
        [3, 24],
      ]);
      expect(x.unsqueeze(1).shape).toEqual([2, 1, 2]);
      expect(await x.transpose().flatten().toArray()).toEqual([1, 3, 14, 24]);
      expect(
        await x
          .copy_(device.tensor([5, 6], "i32"))
          .fill_(7)
          .toArray(),
      ).toEqual([
        [7, 7],
        [7, 7],
      ]);
    });

    it("integers reduce to i32 and wrap", async () => {
      expect(await device.tensor([200, 100], "u8").sum().item()).toBe(300);
      expect(
        await device
          .tensor([2 ** 30, 2 ** 30, 2 ** 30], "i32")
          .sum()
          .item(),
      ).toBe((3 * 2 ** 30) | 0);
      expect(await device.tensor([200, 7, 200], "u8").argmax().item()).toBe(0);
    });

    it("knows empty axes", async () => {
      const x = device.zeros([2, 0]);
      expect(await x.sum(1).toArray()).toEqual([0, 0]);
      expect(await x.prod(1).toArray()).toEqual([1, 1]);
      expect(await x.sum(0).toArray()).toEqual([]);
      expect(() => x.max(1)).toThrow("max of no elements");
      expect(await x.matmul(device.zeros([0, 3])).toArray()).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
    });

    it("matmul, batched, broadcast, either operand transposed", () => {
      const side = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(17, 100));
      const depth = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(100, 260));
      const batches = fc.constantFrom<number[]>([], [2], [3, 2]);
      const transposed = fc.boolean();
      return fc.assert(
        fc.asyncProperty(
          fc.tuple(side, side, depth).filter(([m, n, k]) => m * n * k <= 50_000),
          batches,
          transposed,
          transposed,
          fc.nat(),
          async ([m, n, k], batch, ta, tb, seed) => {
            const a = make(ta ? [...batch, k, m] : [...batch, m, k], "f32", seed);
            const b = make(tb ? [n, k] : [k, n], "f32", seed + 1);
            const order = [...batch.map((_, i) => i), batch.length + 1, batch.length];
            const pa = ta ? a.plain.permute(order) : a.plain;
            const pb = tb ? b.plain.permute([1, 0]) : b.plain;
            const product = (ta ? a.x.transpose() : a.x).matmul(tb ? b.x.transpose() : b.x);
            // The textbook bound: k roundings of sums that are never larger than |a| |b|.
            const sizes = pa.map(Math.abs).matmul(pb.map(Math.abs));
            await expectNear(product, pa.matmul(pb), k / 2 + 1, Math.max(0, ...sizes.data));
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  describe("random numbers", () => {
    it("do not depend on who draws them, nor on the build", async () => {
      const whole = await device.rand([1001], { seed: 5 }).data();
      const other = await (await makeTensorDevice(99)).rand([1001], { seed: 5 }).data();
      expect(other).toEqual(whole);
      expect(await device.rand([1001], { seed: 6 }).data()).not.toEqual(whole);
    });

    it("follow each other without a seed", async () => {
      const fresh = await makeTensorDevice(1);
      const [a, b] = [await fresh.rand([8]).data(), await fresh.rand([8]).data()];
      expect(a).not.toEqual(b);
      expect(await (await makeTensorDevice(1)).rand([8]).data()).toEqual(a);
    });

    it("have the right mean, spread and range", async () => {
      const n = 200_000;
      const normal = Array.from(await device.randn([n], { seed: 1 }).data());
      const mean = normal.reduce((a, b) => a + b, 0) / n;
      const variance = normal.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
      const fourth = normal.reduce((a, b) => a + (b - mean) ** 4, 0) / n;
      expect(Math.abs(mean)).toBeLessThan(0.01);
      expect(Math.abs(variance - 1)).toBeLessThan(0.02);
      expect(Math.abs(fourth - 3)).toBeLessThan(0.15);
      const uniform = await device.rand([n], { seed: 2 }).data();
      expect(Math.min(...uniform.slice(0, 9999))).toBeGreaterThanOrEqual(0);
      expect(uniform.every((v) => v < 1)).toBe(true);
      const dice = await device.randint(1, 7, [n], { seed: 3 }).data();
      const counts = [1, 2, 3, 4, 5, 6].map((face) => dice.filter((v) => v === face).length);
      for (const count of counts) expect(Math.abs(count / n - 1 / 6)).toBeLessThan(0.01);
    });
  });

  describe("lifetimes", () => {
    it("scope frees what it made, except what it returns", async () => {
      const fresh = await makeTensorDevice();
      const kept = fresh.scope(() => fresh.ones([100]).add(1).mul(2));
      expect(await kept.sum().item()).toBe(400);
      kept.dispose();
      const before = fresh.memoryStats().allocated.current;
      fresh.scope(() => void fresh.ones([100]).add(1));
      expect(fresh.memoryStats().allocated.current).toBe(before);
      expect(() => fresh.scope((async () => {}) as never)).toThrow("synchronous function");
    });

    it("a view keeps the memory alive", async () => {
      const fresh = await makeTensorDevice();
      const x = fresh.tensor([
        [1, 2],
        [3, 4],
      ]);
      const row = x.select(0, 1);
      x.dispose();
      expect(await row.toArray()).toEqual([3, 4]);
      row.dispose();
      expect(fresh.memoryStats().byTag.data?.current).toBe(0);
    });
  });

  describe("misuse has a message", () => {
    // THROWS: what readers will do wrong, and the exact words they get.
    const cases: [string, () => unknown, string][] = [
      [
        "shapes that do not broadcast",
        () => device.zeros([2, 3]).add(device.zeros([2, 4])),
        "Shapes [2,3] and [2,4] do not broadcast: axis 1 of the result would be 3 and 4.",
      ],
      [
        "mixed dtypes",
        () => device.zeros([2]).add(device.zeros([2], "i32")),
        "add got f32[2] and i32[2]. Cast one of them with .to(dtype): nothing is converted silently.",
      ],
      [
        "matmul that does not fit",
        () => device.zeros([2, 3]).matmul(device.zeros([2, 3])),
        "matmul of f32[2,3] and f32[2,3]: 3 columns on the left meet 2 rows on the right; they must be equal.",
      ],
      [
        "integer division",
        () => device.zeros([2], "i32").div(2),
        'div needs a floating-point dtype, but got i32[2]. Cast it first: x.to("f32").',
      ],
      [
        "reshape that does not fit",
        () => device.zeros([2, 3]).reshape([4, -1]),
        "f32[2,3] has 6 elements and cannot take the shape [4,-1].",
      ],
      [
        "copy_ of another shape",
        () => device.zeros([2, 3]).copy_(device.zeros([6])),
        "Shapes [6] and [2,3] do not broadcast",
      ],
      ["copy_ of more axes", () => device.zeros([6]).copy_(device.zeros([1, 6])), "copy_ from [1,6] does not fit"],
      ["copy_ of more elements", () => device.zeros([1]).copy_(device.zeros([6])), "copy_ from [6] does not fit"],
      ["a missing axis", () => device.zeros([2]).sum(1), "Axis 1 does not exist in a tensor of 1 axis."],
      [
        "ragged rows",
        () => device.tensor([[1, 2], [3]]),
        "A nested array has rows of 2 and of 1 elements; all must be equal.",
      ],
      [
        "a shape that is none",
        () => device.zeros([2, -1]),
        "[2,-1] is not a shape: every length must be a whole number from 0.",
      ],
      [
        "in place on a scattered view",
        () => device.zeros([2, 3]).transpose().add_(1),
        "add_ on f32[3,2]: a view whose elements are scattered cannot be changed in place. Compute a new tensor, or write by functional.place_.",
      ],
    ];
    for (const [name, act, message] of cases) it(name, () => expect(act).toThrow(message));

    it("a tensor used after it was freed", () => {
      const x = device.zeros([2]);
      x.dispose();
      expect(() => x.add(1)).toThrow(
        "f32[2] was used after it was freed. Free it later, or return it from the scope that made it.",
      );
    });

    it("item of many", async () => {
      await expect(device.zeros([2]).item()).rejects.toThrow("item() needs one element, but f32[2] has 2.");
    });
  });
});

describe("storages", () => {
  it("are shared by views, go and come back, and count what writes into them", async () => {
    const device = await makeTensorDevice(0);
    const x = device.tensor([
      [1, 2],
      [3, 4],
    ]);
    const view = x.slice(0, 1, 2);
    const { storage } = x;
    expect(view.storage).toBe(storage);
    const versions = [storage.version];
    view.mul_(2);
    versions.push(storage.version);
    x.fill_(1);
    versions.push(storage.version);
    x.add(1);
    versions.push(storage.version); // reading is no write
    expect(versions.map((version) => version - versions[0])).toEqual([0, 1, 2, 2]);
    const before = device.memoryStats().allocated.current;
    storage.resize(0);
    expect(device.memoryStats().allocated.current).toBeLessThan(before);
    expect(() => x.add(1)).toThrow("A storage without bytes was used: it was resized to 0.");
    storage.resize(16);
    expect(storage.version).toBeGreaterThan(versions[3]);
    x.copy_(
      device.tensor([
        [5, 6],
        [7, 8],
      ]),
    );
    expect(await view.toArray()).toEqual([[7, 8]]);
    expect(() => storage.resize(-4)).toThrow("a whole number of bytes from 0, not to -4");
    const captured = (): unknown =>
      device.capture(() => {
        storage.resize(0);
        return undefined;
      });
    expect(captured).toThrow("Resizing a storage cannot be captured");
    x.dispose();
    expect(await view.toArray()).toEqual([[7, 8]]);
    view.dispose();
    expect(storage.buffer.freed).toBe(true);
  });

  it("take their kind of memory from withTag, and say what memory ran out for", async () => {
    const device = await makeTensorDevice(0);
    const x = device.withTag("kv", () => device.ones([1000]));
    expect(x.storage.tag).toBe("kv");
    expect(() => device.withTag("kvv" as never, () => 0)).toThrow('There is no tag "kvv"');
    expect(device.ones([4]).storage.tag).toBe("data");
    expect(() => device.empty([2 ** 13, 1]).mul(device.empty([1, 2 ** 13]))).toThrow(/It was needed for binary\.$/);
  });

  it("numbers as operands take no launch of their own", async () => {
    const device = await makeTensorDevice(0);
    const x = device.tensor([
      [1, 2],
      [3, 4],
    ]);
    const captured = device.capture(() => x.mul(2).add(1).gt(4));
    expect(captured.kernels).toEqual(["binaryScalar", "binaryScalar", "compareScalar"]);
    expect(await x.transpose().sub(1).toArray()).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect(await x.ge(3).toArray()).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(await x.transpose().le(2).toArray()).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(await device.tensor([5, 7], "i32").maximum(6).toArray()).toEqual([6, 7]);
  });
});
