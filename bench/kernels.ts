/** The ranks' side of `worldsize bench kernels`: each kernel alone, on large tensors, in turns with copying memory. */
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Times kernels: those that only stream, beside memory.copy, and products and attention.",
  ranks: 1,
  options: { rounds: number(15, "how often each is timed; the best counts") },
  async main({ device, options: { rounds }, show, now }) {
    const { raw } = device;
    const n = 2 ** 21; // 8 MiB each
    const [a, b, c, d] = [1, 2, 3, 4].map((seed) => device.randn([n], { seed }));
    const second = device.rand([n], { seed: 5 });
    const factor = device.ones([1]);
    const weight = device.ones([1024]);
    const rstd = device.empty([n / 1024]);
    const rows = n / 1024;
    const adamw = [{ refs: [a.ref(), b.ref(), c.ref(), second.ref()], n }];
    /** Bytes that each reads and writes, and the launch. */
    const streaming: Record<string, [number, () => void]> = {
      copy: [8 * n, () => raw.launch("copy", [a.ref(), d.ref()], [4 * n])],
      rmsNorm: [8 * n, () => raw.launch("rmsNorm", [a.ref(), weight.ref(), d.ref(), rstd.ref()], [rows, 1024, 1e-6])],
      softmax: [8 * n, () => raw.launch("softmax", [a.ref(), d.ref()], [rows, 1024])],
      swiglu: [12 * n, () => raw.launch("swiglu", [a.ref(), b.ref(), d.ref()], [n])],
      adamw: [28 * n, () => raw.launchMany("adamw", adamw, [factor.ref()], [1e-4, 0.9, 0.99, 1e-8, 0.01, 0.5, 0.5])],
    };
    const size = 4096;
    const w = device.empty([size * size], "u8");
    const w4 = device.empty([(size * size) / 2], "u8");
    const [scales, scales4] = [1, 2].map(() => device.empty([(size * size) / 32]));
    using full = device.randn([size * size], { seed: 6 }); // real weights: untouched pages would all be one page of zeros
    raw.launch("quantize8", [full.ref(), w.ref(), scales.ref()], [size, size]);
    raw.launch("quantize4", [full.ref(), w4.ref(), scales4.ref()], [size, size]);
    const x = device.randn([size], { seed: 7 });
    const y = device.empty([size]);
    const [heads, dim, tokens] = [8, 64, 1024];
    const [q, k, v, o] = [8, 9, 10, 11].map((seed) => device.randn([heads * tokens * dim], { seed }));
    const lse = device.empty([heads * tokens]);
    const starts = device.tensor([0, tokens], "i32");
    const strides = [dim, tokens * dim, dim, tokens * dim, dim, tokens * dim];
    const attention = [1, heads, heads, dim, tokens, tokens, ...strides, 1, 0.125];
    const timed: Record<string, () => void> = {
      "int8 matrix-vector": () =>
        raw.launch("matmul8", [x.ref(), w.ref(), scales.ref(), y.ref()], [1, size, size, size]),
      "int4 matrix-vector": () =>
        raw.launch("matmul4", [x.ref(), w4.ref(), scales4.ref(), y.ref()], [1, size, size, size]),
      attention: () =>
        raw.launch(
          "attention",
          [q, k, v, o, lse, starts, starts].map((tensor) => tensor.ref()),
          attention,
        ),
    };
    const best = new Map<string, number>();
    const time = async (name: string, run: () => void): Promise<void> => {
      const start = now();
      run();
      await device.synchronize();
      best.set(name, Math.min(best.get(name) ?? Infinity, now() - start));
    };
    for (let round = 0; round < rounds; round++) {
      // Several times in a row, as their peers are timed: with what stays in the cache.
      for (const [name, run] of Object.entries(timed)) for (let i = 0; i < 4; i++) await time(name, run);
      for (const [name, [, run]] of Object.entries(streaming)) await time(name, run);
    }
    for (const [name, milliseconds] of best) {
      show.row({ name, milliseconds, bytes: streaming[name]?.[0] ?? 0 });
    }
  },
});
