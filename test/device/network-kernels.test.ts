/** Fused kernels against their plain twins in float64, forward, and backward against slopes. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KernelName, runsOf } from "../../src/device/index.ts";
import * as plain from "../../src/device/kernels/plain.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import type { Tensor, TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, type DeviceChoice, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

const bodies: readonly DeviceChoice[] = [
  { build: "relaxed", stream: "inline" },
  { build: "base", stream: "inline" },
  { build: "relaxed", stream: "threaded" },
];

/** Numbers that f32 holds exactly, so that both sides start from the same. */
function draw(seed: number, count: number, scale = 1): number[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, () => Math.fround(scale * (2 * random() - 1)));
}

function rowsOf<T>(flat: readonly T[], cols: number): T[][] {
  return Array.from({ length: cols ? flat.length / cols : 0 }, (_, r) => flat.slice(r * cols, (r + 1) * cols));
}

describe.each(bodies)("fused kernels on $build kernels and a $stream stream", (body) => {
  let device: TensorDevice;
  beforeAll(async () => {
    device = await makeTensorDevice(0, body);
  });

  const make = (values: readonly number[], dtype: "f32" | "i32" = "f32") => device.from(values, [values.length], dtype);
  const launch = (name: KernelName, tensors: readonly Tensor[], scalars: readonly number[]) =>
    device.raw.launch(
      name,
      tensors.map((tensor) => tensor.ref()),
      scalars,
    );
  const read = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];
  const close = (found: readonly number[], wanted: readonly number[], tolerance: number): void => {
    expect(found.length).toBe(wanted.length);
    for (const [i, value] of found.entries()) {
      if (!Number.isFinite(wanted[i])) expect(value).toBe(wanted[i]);
      else if (!(Math.abs(value - wanted[i]) <= tolerance * (1 + Math.abs(wanted[i]))))
        throw new Error(`element ${i} is ${value}, not ${wanted[i]} (± ${tolerance})`);
    }
  };
  const forms = fc.record({
    seed: fc.nat(1e6),
    rows: fc.integer({ min: 0, max: 5 }),
    cols: fc.integer({ min: 1, max: 70 }),
  });
  const check = (run: (form: { seed: number; rows: number; cols: number }) => Promise<void>) =>
    fc.assert(fc.asyncProperty(forms, run), { numRuns: 25 });

  it("rmsNorm and its gradient", () =>
    check(async ({ seed, rows, cols }) => {
      const [x, w, dy] = [draw(seed, rows * cols, 3), draw(seed + 1, cols), draw(seed + 2, rows * cols)];
      const eps = 1e-5;
      const [y, rstd] = [device.empty([rows * cols]), device.empty([rows])];
      launch("rmsNorm", [make(x), make(w), y, rstd], [rows, cols, eps]);
      close(await read(y), plain.rmsNorm(rowsOf(x, cols), w, eps).flat(), 4e-6);
      const [dx, dw] = [device.empty([rows * cols]), device.ones([cols])];
      launch("rmsNormBackward", [make(x), make(w), rstd, make(dy), dx, dw], [rows, cols]);
      const loss = (a: number[], b: number[]) =>
        plain
          .rmsNorm(rowsOf(a, cols), b, eps)
          .flat()
          .reduce((s, value, i) => s + value * dy[i], 0);
      close(
        await read(dx),
        plain.slopes((a) => loss(a, w), x),
        3e-5,
      );
      close(
        await read(dw),
        plain.slopes((b) => loss(x, b), w).map((slope) => slope + 1),
        3e-5,
      );
    }));

  it("layerNorm and its gradient", () =>
    check(async ({ seed, rows, cols: some }) => {
      const cols = some + 1;
      const [x, dy] = [draw(seed, rows * cols, 3), draw(seed + 2, rows * cols)];
      const [w, b] = [draw(seed + 1, cols), draw(seed + 3, cols)];
      const eps = 1e-3;
      const [y, mean, rstd] = [device.empty([rows * cols]), device.empty([rows]), device.empty([rows])];
      launch("layerNorm", [make(x), make(w), make(b), y, mean, rstd], [rows, cols, eps]);
      close(await read(y), plain.layerNorm(rowsOf(x, cols), w, b, eps).flat(), 2e-5);
      const [dx, dw, db] = [device.empty([rows * cols]), device.ones([cols]), device.zeros([cols])];
      launch("layerNormBackward", [make(x), make(w), mean, rstd, make(dy), dx, dw, db], [rows, cols]);
      const loss = (a: number[], c: number[], d: number[]) =>
        plain
          .layerNorm(rowsOf(a, cols), c, d, eps)
          .flat()
          .reduce((s, value, i) => s + value * dy[i], 0);
      close(
        await read(dx),
        plain.slopes((a) => loss(a, w, b), x),
        2e-4,
      );
      close(
        await read(dw),
        plain.slopes((c) => loss(x, c, b), w).map((slope) => slope + 1),
        2e-4,
      );
      close(
        await read(db),
        plain.slopes((d) => loss(x, w, d), b),
        2e-4,
      );
    }));

  it("rope, and back", () =>
    check(async ({ seed, rows: tokens, cols }) => {
      const [heads, dim, positions] = [1 + (seed % 3), 2 * (1 + (cols % 20)), 50];
      const x = draw(seed, tokens * heads * dim);
      const at = draw(seed + 1, tokens).map((value) => Math.floor((value + 1) * 24));
      const angles = Array.from({ length: positions }, (_, p) =>
        Array.from({ length: dim / 2 }, (_, i) => p * 10000 ** ((-2 * i) / dim)),
      ).flat();
      const [cos, sin] = [make(angles.map(Math.cos)), make(angles.map(Math.sin))];
      const y = device.empty([x.length]);
      launch("rope", [make(x), make(at, "i32"), cos, sin, y], [tokens, heads, dim, positions, 0]);
      const wanted = rowsOf(x, dim).flatMap((head, i) => plain.rope(head, at[Math.floor(i / heads)], 10000));
      close(await read(y), wanted, 4e-6);
      launch("rope", [y, make(at, "i32"), cos, sin, y], [tokens, heads, dim, positions, 1]);
      close(await read(y), x, 4e-6);
    }));

  it("swiglu, gelu, and their gradients", () =>
    check(async ({ seed, cols: n }) => {
      const [a, b, dy] = [draw(seed, n, 8), draw(seed + 1, n, 2), draw(seed + 2, n)];
      const y = device.empty([n]);
      launch("swiglu", [make(a), make(b), y], [n]);
      close(await read(y), plain.swiglu(a, b), 3e-6);
      const [da, db] = [device.empty([n]), device.empty([n])];
      launch("swigluBackward", [make(a), make(b), make(dy), da, db], [n]);
      const gated = (g: number[], u: number[]) => plain.swiglu(g, u).reduce((s, value, i) => s + value * dy[i], 0);
      close(
        await read(da),
        plain.slopes((g) => gated(g, b), a),
        1e-5,
      );
      close(
        await read(db),
        plain.slopes((u) => gated(a, u), b),
        1e-5,
      );
      launch("gelu", [make(a), y], [n]);
      close(await read(y), plain.gelu(a), 3e-6);
      launch("geluBackward", [make(a), make(dy), da], [n]);
      close(
        await read(da),
        plain.slopes((v) => plain.gelu(v).reduce((s, value, i) => s + value * dy[i], 0), a),
        1e-5,
      );
    }));

  it("crossEntropy and its gradient, also over its own logits", () =>
    check(async ({ seed, rows, cols }) => {
      const logits = draw(seed, rows * cols, 10);
      const target = draw(seed + 1, rows).map((value, r) =>
        r % 3 === 2 ? -100 : Math.floor(((value + 1) / 2) * cols) % cols,
      );
      const [loss, x] = [device.empty([rows]), make(logits)];
      launch("crossEntropy", [x, make(target, "i32"), loss, x], [rows, cols, -100, 0.5]);
      close(await read(loss), plain.crossEntropy(rowsOf(logits, cols), target, -100), 1e-5);
      const total = (l: number[]) =>
        plain.crossEntropy(rowsOf(l, cols), target, -100).reduce((s, value) => s + value / 2, 0);
      close(await read(x), plain.slopes(total, logits), 1e-5);
    }));

  it("gather, putRows and scatterAdd", () =>
    check(async ({ seed, rows: n, cols: width }) => {
      const rows = 1 + (seed % 7);
      const table = draw(seed, rows * width);
      const index = draw(seed + 1, n).map((value) => Math.floor(((value + 1) / 2) * rows) % rows);
      const out = device.empty([n * width]);
      launch("gather", [make(table), make(index, "i32"), out], [rows, n, width]);
      expect(await read(out)).toEqual(index.flatMap((row) => table.slice(row * width, (row + 1) * width)));
      const put = make(table);
      const source = draw(seed + 2, n * width);
      launch("putRows", [put, make(index, "i32"), make(source)], [0, rows, n, width]);
      expect(await read(put)).toEqual(
        Array.from({ length: rows }, (_, row) => {
          const at = index.lastIndexOf(row);
          return at < 0 ? table.slice(row * width, (row + 1) * width) : source.slice(at * width, (at + 1) * width);
        }).flat(),
      );
      const sums = make(table);
      launch("scatterAdd", [sums, make(index, "i32"), out], [rows, n, width]);
      const times = (row: number) => 1 + index.filter((other) => other === row).length;
      close(
        await read(sums),
        table.map((value, i) => value * times(Math.floor(i / width))),
        1e-6,
      );
    }));

  it.each([8, 4] as const)("products with weights of %i bits", async (bits) => {
    const most = bits === 8 ? 127 : 7;
    const shapes = fc.record({
      seed: fc.nat(1e6),
      m: fc.constantFrom(1, 2, 3, 5, 16, 17, 65),
      n: fc.integer({ min: 1, max: 70 }),
      groups: fc.constantFrom(1, 2, 5, 17),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ seed, m, n, groups }) => {
        const k = 32 * groups;
        const [x, w] = [draw(seed, m * k), draw(seed + 1, n * k)];
        const whole = 8 * Math.ceil(n / 8);
        const [packed, scales, y] = [
          device.empty([(whole * k * bits) / 8], "u8"),
          device.empty([whole * groups]),
          device.empty([m * n]),
        ];
        launch(bits === 8 ? "quantize8" : "quantize4", [make(w), packed, scales], [n, k]);
        launch(bits === 8 ? "matmul8" : "matmul4", [make(x), packed, scales, y], [m, n, k, n]);
        const [bytes, lying] = [new Uint8Array((await packed.data()).buffer), await read(scales)];
        const stepOf = (row: number, group: number) => lying[(Math.floor(row / 8) * groups + group) * 8 + (row % 8)];
        const steps = Array.from({ length: n * groups }, (_, i) => stepOf(Math.floor(i / groups), i % groups));
        const rounded = w.map((_, i) => {
          const [row, column] = [Math.floor(i / k), i % k];
          const [group, at] = [Math.floor(column / 32), column % 32];
          const lies = at % (4 * bits); // of four bits, the group's second half is the high halves of the first's bytes
          const place = (Math.floor(lies / 2) * 8 + (row % 8)) * 2 + (lies % 2);
          const byte = bytes[(Math.floor(row / 8) * groups + group) * 32 * bits + place];
          const value = bits === 8 ? (byte << 24) >> 24 : ((byte >> (at < 16 ? 0 : 4)) & 15) - 8;
          return value * stepOf(row, group);
        });
        // Rounding is to the nearest step; of two equally near ones, either will do.
        let worse = 0;
        for (const [i, group] of rowsOf(w, 32).entries()) {
          const nearest = plain.quantized(group, most);
          for (const [at, value] of group.entries()) {
            const off = Math.abs(rounded[32 * i + at] - value);
            worse = Math.max(worse, off - Math.abs(nearest[at] - value) - 1e-4 * steps[i]);
          }
        }
        expect(worse).toBe(0);
        const matrix = rowsOf(rounded, k);
        const wanted = rowsOf(x, k).flatMap((row) =>
          matrix.map((weights) => row.reduce((s, v, i) => s + v * weights[i], 0)),
        );
        const found = await read(y);
        const bound = (2 * Math.sqrt(k)) / 8191 + 1e-4; // activations are rounded to 1 part in 8191 of the largest
        expect(Math.max(...found.map((value, i) => Math.abs(value - wanted[i])))).toBeLessThan(bound);
        // A token alone gets the same bits.
        const alone = device.empty([n]);
        for (const i of new Set([0, m >> 1, m - 1])) {
          launch(bits === 8 ? "matmul8" : "matmul4", [make(rowsOf(x, k)[i]), packed, scales, alone], [1, n, k, n]);
          expect(await read(alone)).toEqual(found.slice(i * n, (i + 1) * n));
        }
      }),
      { numRuns: 30 },
    );
    const x = make(draw(1, 40));
    expect(() => launch("matmul8", [x, x, x, x], [1, 1, 40, 1])).toThrow("groups of 32 along k, but k is 40");
  });

  it("dropout keeps about as many as it should, scaled, and the same ones again", async () => {
    const n = 20_001;
    const x = device.ones([n]);
    const [y, z] = [device.empty([n]), device.empty([n])];
    launch("dropout", [x, y], [n, 5, 0, 0, 0.3]);
    launch("dropout", [x, z], [n, 5, 0, 0, 0.3]);
    const kept = await read(y);
    expect(await read(z)).toEqual(kept);
    expect(new Set(kept)).toEqual(new Set([0, Math.fround(1 / Math.fround(1 - Math.fround(0.3)))]));
    const share = kept.filter((value) => value > 0).length / n;
    expect(Math.abs(share - 0.7)).toBeLessThan(0.015);
    // Any part may be drawn by itself.
    launch("dropout", [x, z], [n - 400, 5, 0, 100, 0.3]);
    expect((await read(z)).slice(0, n - 400)).toEqual(kept.slice(400));
  });

  it("dropout of a part keeps what that part of the whole would, word by word of the counter", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(9), fc.nat(2 ** 31 - 1)), { maxLength: 5 }),
        fc.nat(11),
        fc.nat(9),
        fc.nat(5),
        fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger()),
        async (places, cols, first, behind, seed) => {
          const [rows, width] = [places.length, first + cols + behind];
          const x = make(Array.from({ length: rows * cols }, (_, i) => i + 1));
          const y = device.empty([rows * cols]);
          const key = [seed | 0, Math.floor(seed / 2 ** 32)];
          launch("dropoutPart", [x, device.tensor(places, "i32"), y], [rows, cols, width, first, ...key, 0.3]);
          const wanted = places.flatMap((place, r) =>
            Array.from({ length: cols }, (_, c) => {
              const value = r * cols + c + 1;
              const scaled = Math.fround(value * Math.fround(1 / Math.fround(1 - Math.fround(0.3))));
              return plain.keeps(place * width + first + c, seed, 0.3) ? scaled : 0;
            }),
          );
          expect([...(await read(y))]).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("dropout of the whole is the part that is all of it", async () => {
    const x = device.ones([7 * 5]);
    const [y, z] = [device.empty([35]), device.empty([35])];
    launch("dropout", [x, y], [35, 5, 9, 0, 0.4]);
    launch("dropoutPart", [x, device.arange(7, "i32"), z], [7, 5, 5, 0, 5, 9, 0.4]);
    expect(await read(z)).toEqual(await read(y));
  });

  it("adamw over many tensors, with the clipped norm of their gradients", async () => {
    const sizes = [1, 4, 7, 5000, 0, 33];
    const parameters = sizes.map((n, i) => draw(10 + i, n));
    const gradients = sizes.map((n, i) => draw(20 + i, n, 3));
    const firsts = sizes.map((n, i) => draw(30 + i, n));
    const seconds = sizes.map((n, i) => draw(40 + i, n).map(Math.abs));
    const tensors = [parameters, gradients, firsts, seconds].map((list) => list.map((values) => make(values)));
    const out = device.empty([2]);
    const norms = sizes.map((n, i) => ({ refs: [tensors[1][i].ref()], n }));
    const sums = device.empty([2 * 8]);
    device.raw.launchMany("squares", norms, [sums.ref()], []);
    launch("gradNorm", [sums, out], [runsOf(sizes), 2]);
    const norm = Math.sqrt(gradients.flat().reduce((s, g) => s + g * g, 0));
    close(await read(out), [norm, 2 / norm], 1e-6);
    const step = { lr: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1, step: 3 };
    const lists = sizes.map((n, i) => ({ refs: tensors.map((list) => list[i].ref()), n }));
    const { lr, beta1, beta2, eps, decay } = step;
    const scalars = [lr, beta1, beta2, eps, decay, 1 - beta1 ** 3, 1 - beta2 ** 3];
    device.raw.launchMany("adamw", lists, [out.ref(1)], scalars);
    for (const [i] of sizes.entries()) {
      const scaled = gradients[i].map((g) => (g * 2) / norm);
      const wanted = plain.adamw(parameters[i], scaled, firsts[i], seconds[i], step);
      close(await read(tensors[0][i]), wanted.parameter, 3e-6);
      close(await read(tensors[2][i]), wanted.first, 3e-6);
      close(await read(tensors[3][i]), wanted.second, 3e-6);
    }
    const short = [{ refs: [tensors[1][0].ref()], n: 1e6 }];
    expect(() => device.raw.launchMany("squares", short, [sums.ref()], [])).toThrow("Kernel squares would touch bytes");
  });

  it.each([
    ["crossEntropy", "the target of row 1 is WRONG, which is not among the 4 columns"],
    ["gather", "index"],
    ["scatterAdd", "index"],
    ["putRows", "index"],
    ["putRows8", "index"],
    ["copyRows", "index"],
    ["rope", "position"],
  ] as const)("%s takes the first and the last index, and says where one beyond is wrong", async (kernel, why) => {
    const run = async (second: number): Promise<void> => {
      const other = await makeTensorDevice(0, body);
      const [x, table] = [other.ones([8]), other.ones([4, 4])];
      const index = other.from([0, second], [2], "i32");
      const launches = {
        crossEntropy: [
          [x, index, other.empty([2]), other.empty([8])],
          [2, 4, -100, 1],
        ],
        gather: [
          [table, index, other.empty([8])],
          [4, 2, 4],
        ],
        scatterAdd: [
          [table, index, x],
          [4, 2, 4],
        ],
        putRows: [
          [table, index, x],
          [0, 4, 2, 4],
        ],
        putRows8: [
          [table.to("u8"), other.empty([4, 1]), index, x],
          [4, 2, 1, 4],
        ],
        copyRows: [
          [table, index, index],
          [4, 2, 16],
        ],
        rope: [
          [x, index, table, table, other.empty([8])],
          [2, 1, 4, 4, 0],
        ],
      } as const;
      const [tensors, scalars] = launches[kernel];
      other.raw.launch(
        kernel,
        tensors.map((t) => t.ref()),
        scalars,
      );
      await other.synchronize();
    };
    await run(3);
    for (const wrong of [4, -1, 2 ** 31 - 1]) {
      const said = run(wrong);
      await expect(said).rejects.toThrow(why.replace("WRONG", `${wrong}`));
      await expect(said).rejects.toThrow(
        new RegExp(`^Kernel ${kernel} failed: .*1 .*It was launched at network-kernels.test.ts:\\d+`),
      );
    }
  });
});
