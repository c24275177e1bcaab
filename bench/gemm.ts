// `worldsize bench gemm` on one rank: a matrix product, and the multiply-add loop that is its ceiling.
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Times a square matrix product beside the engine's peak, in turn.",
  ranks: 1,
  options: { size: number(1024, "width of the matrices", { min: 1, integer: true }) },
  async main({ device, options: { size }, show }) {
    const { exports, build } = device.raw.runtime;
    const a = device.randn([size, size], { seed: 1 });
    const b = device.randn([size, size], { seed: 2 });
    let gemm = Infinity;
    let peak = Infinity;
    const rounds = 1e6;
    for (let i = 0; i < 12; i++) {
      let start = performance.now();
      a.matmul(b).dispose();
      gemm = Math.min(gemm, performance.now() - start);
      start = performance.now();
      exports.peakMadd(rounds);
      peak = Math.min(peak, performance.now() - start);
    }
    show.row({ size, build, gemmGflops: (2 * size ** 3) / gemm / 1e6, peakGflops: (96 * rounds) / peak / 1e6 });
  },
});
