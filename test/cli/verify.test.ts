import { expect, it } from "vitest";
import { shareOf } from "../../course/part1-distributed/chapter01-first-program/scripts/verify-setup.ts";

it("verify never prints a share of a peak that cannot be", () => {
  const share = (product: number, peak: number, ...widths: number[]) => shareOf({ product, peak }, widths);
  expect(share(45, 58, 128)).toBe("45 GFLOP/s, 0.78 of a core's peak with 128-bit vectors");
  expect(share(60, 58, 128)).toBe("60 GFLOP/s, all of a core's peak with 128-bit vectors");
  expect(share(100, 58, 256, 512)).toBe("100 GFLOP/s, 0.86 of a core's peak with 256-bit vectors");
  expect(share(180, 58, 256, 512)).toBe("180 GFLOP/s, 0.78 of a core's peak with 512-bit vectors");
  for (const widths of [[128], [256, 512]]) {
    for (let peak = 1; peak < 200; peak += 0.5) {
      const text = share(208, peak, ...widths);
      const said = Number(/ ([\d.]+) of a core/.exec(text)?.[1] ?? 0);
      expect(said).toBeLessThanOrEqual(1);
      const possible = 208 <= peak * (Math.max(...widths) / 128) * 1.05;
      expect(text.includes("the machine is busy, measure again")).toBe(!possible);
    }
  }
});
