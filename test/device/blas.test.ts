/** Products by a native BLAS: operands of every layout, wrong libraries, the machine's own where it has one. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type Blas, gemmByBlas, kernels } from "../../src/device/index.ts";
import { formatChoice, parseChoice } from "../../src/job/blas-choice.ts";
import { decide, findBlas, hasKoffi, type Try } from "../../src/job/node/blas/choice.ts";
import { openDevice } from "../../src/job/node/open-device.ts";
import { blasLibraries } from "../../src/platform/node/libraries.ts";
import { TensorDevice } from "../../src/tensor/index.ts";
import { fakeSystem } from "../helpers/systems.ts";

/** A BLAS in plain numbers, over an array whose index is the byte address / 4. */
class PlainBlas implements Blas {
  readonly name = "plain";
  readonly from = 0;
  readonly splits = true;
  readonly #cells: number[];

  constructor(cells: number[]) {
    this.#cells = cells;
  }

  sgemm(...[transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate]: Parameters<Blas["sgemm"]>): void {
    const cells = this.#cells;
    expect(lda).toBeGreaterThanOrEqual(Math.max(1, transA ? m : k));
    expect(ldb).toBeGreaterThanOrEqual(Math.max(1, transB ? k : n));
    expect(ldc).toBeGreaterThanOrEqual(Math.max(1, n));
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = accumulate ? cells[c / 4 + i * ldc + j] : 0;
        for (let p = 0; p < k; p++) {
          sum +=
            cells[a / 4 + (transA ? p * lda + i : i * lda + p)] * cells[b / 4 + (transB ? j * ldb + p : p * ldb + j)];
        }
        cells[c / 4 + i * ldc + j] = sum;
      }
    }
  }
}

describe("a product handed to BLAS", () => {
  const length = fc.integer({ min: 1, max: 5 });
  const form = fc.record({
    m: length,
    n: length,
    k: length,
    gap: fc.nat(2),
    left: fc.boolean(),
    right: fc.boolean(),
    add: fc.boolean(),
  });

  it("means the same for every layout", () => {
    fc.assert(
      fc.property(form, ({ m, n, k, gap, left, right, add }) => {
        const [ars, acs] = left ? [1, m + gap] : [k + gap, 1];
        const [brs, bcs] = right ? [1, k + gap] : [n + gap, 1];
        const cells = Array.from({ length: 300 }, (_, i) => ((i * 37) % 19) - 9);
        const [a, b, c] = [0, 100, 200];
        const wanted = [...cells];
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = add ? cells[c + i * (n + gap) + j] : 0;
            for (let p = 0; p < k; p++) sum += cells[a + i * ars + p * acs] * cells[b + p * brs + j * bcs];
            wanted[c + i * (n + gap) + j] = sum;
          }
        }
        const args = [4 * a, 4 * b, 4 * c, m, n, k, ars, acs, brs, bcs, n + gap, add ? 1 : 0];
        expect(gemmByBlas(new PlainBlas(cells), args)).toBe(true);
        expect(cells).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  it("stays with our kernel where BLAS has no words for it, or it is small", () => {
    const refuses = (blas: Blas, args: number[]) => expect(gemmByBlas(blas, args)).toBe(false);
    const blas = new PlainBlas([]);
    refuses(blas, [0, 0, 0, 4, 4, 4, 8, 2, 4, 1, 4, 0]); // scattered
    refuses(blas, [0, 0, 0, 4, 4, 4, 0, 1, 4, 1, 4, 0]); // every row the same
    refuses(blas, [0, 0, 0, 4, 0, 4, 4, 1, 4, 1, 4, 0]); // empty
    refuses({ ...blas, name: "", from: 1000, splits: true, sgemm: blas.sgemm }, [0, 0, 0, 4, 4, 4, 4, 1, 4, 1, 4, 0]);
  });
});

describe("a product that a team shares", () => {
  const { parts, part } = kernels.gemm;
  const form = fc.record({
    m: fc.integer({ min: 1, max: 400 }),
    n: fc.integer({ min: 1, max: 400 }),
    k: fc.constant(1 << 20), // large enough, whatever m and n are
    team: fc.integer({ min: 1, max: 9 }),
  });

  it("is cut into rows or columns that cover it once, none of them small", () => {
    fc.assert(
      fc.property(form, ({ m, n, k, team }) => {
        const cells = new Uint8Array(m * n);
        const args = [0, 0, 0, m, n, k, k, 1, n, 1, n, 0];
        const count = parts(args, team);
        expect(count).toBeLessThanOrEqual(team);
        if (count === 1) return;
        for (let i = 0; i < count; i++) {
          const [a, b, c, rows, cols] = part(args, i, count);
          const [row, col] = [(c / 4 / n) | 0, (c / 4) % n];
          expect([a, b]).toEqual([4 * row * k, 4 * col]);
          expect(Math.max(m, n) === m ? rows : cols).toBeGreaterThanOrEqual(64);
          for (let r = row; r < row + rows; r++) for (let j = col; j < col + cols; j++) cells[r * n + j]++;
        }
        expect(cells.every((times) => times === 1)).toBe(true);
      }),
    );
  });

  it("stays whole where the library's parts have other bits, and goes to who the whole would go to", () => {
    const blas = new PlainBlas([]);
    const args = [0, 0, 0, 512, 512, 512, 512, 1, 512, 1, 512, 0];
    expect(parts(args, 4, blas)).toBe(4);
    expect(parts(args, 4, { ...blas, name: "", from: 0, splits: false, sgemm: blas.sgemm })).toBe(1);
    const large = { name: "", from: 512 ** 3, splits: false, sgemm: () => {} };
    expect(parts(args, 4, { ...large, from: 512 ** 3 + 1 })).toBe(4); // our kernel's
    expect(gemmByBlas(large, part(args, 3, 4))).toBe(true);
    expect(gemmByBlas({ ...large, from: 512 ** 3 + 1 }, part(args, 3, 4))).toBe(false);
  });
});

describe("choosing a library", () => {
  it("finds them in the loader's list, best first", () => {
    const list = [
      "\tlibblis.so.4 (libc6,x86-64) => /usr/lib/libblis.so.4",
      "\tlibopenblas.so.0 (libc6,x86-64) => /usr/lib/libopenblas.so.0",
      "\tlibc.so.6 (libc6,x86-64) => /lib/libc.so.6",
    ].join("\n");
    const linux = fakeSystem("linux");
    expect(blasLibraries(linux, () => list)).toEqual(["/usr/lib/libopenblas.so.0", "/usr/lib/libblis.so.4"]);
    expect(blasLibraries(linux, () => "")).toEqual([]);
  });

  it("takes the fastest, whatever core it has to be told of, and none that is hardly faster than our kernel", () => {
    const tried = (path: string, gflops: number, core?: string): Try => ({
      path,
      core,
      found: { gflops, ownGflops: 50, from: 4096, splits: true },
    });
    const broken: Try = { path: "/b.so", trouble: "it crashed" };
    expect(decide([tried("/a.so", 20), tried("/a.so", 90, "Zen"), tried("/c.so", 92)]).choice).toEqual({
      path: "/a.so",
      core: "Zen",
      from: 4096,
      splits: true,
    });
    expect(decide([broken, tried("/c.so", 92)]).choice?.path).toBe("/c.so");
    expect(decide([tried("/a.so", 56)])).toEqual({
      reason: "/a.so is no faster than our kernels",
      gflops: 56,
      ownGflops: 50,
    });
    expect(decide([broken])).toEqual({ reason: "/b.so failed when tried (it crashed)" });
  });

  it("can be pinned, and switched off", async () => {
    const choice = { path: "/usr/lib/libopenblas.so.0", core: "Zen", from: 4096, splits: false };
    for (const splits of [false, true]) {
      expect(parseChoice(formatChoice({ ...choice, splits }))).toEqual({ ...choice, splits });
    }
    expect(parseChoice("/lib/x.so##0")).toEqual({ path: "/lib/x.so", core: undefined, from: 0, splits: false });
    expect(() => parseChoice("fast")).toThrow("path#core#from");
    expect(() => parseChoice("/lib/x.so##0#halves")).toThrow("path#core#from");
    expect((await findBlas("off")).choice).toBeUndefined();
  });

  it.skipIf(!hasKoffi())("refuses a file that is no library, and one without a product (needs koffi)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "worldsize-blas-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    const broken = join(folder, "libopenblas.so");
    writeFileSync(broken, "no library");
    const opened = await openDevice({ blas: { path: broken, from: 0, splits: false } });
    const device = new TensorDevice(opened.device);
    const x = device.ones([4, 4]);
    await expect(x.matmul(x).data()).rejects.toThrow(
      /Kernel gemm failed: the BLAS .*libopenblas.so cannot be used \(.*\); set WORLDSIZE_BLAS to auto or off/,
    );
    await opened.close();
    const probe = (path: string) => promisify(execFile)(process.execPath, ["dist/blas-probe.js", path]);
    await expect(probe(broken)).rejects.toThrow(/libopenblas.so/);
    await expect(probe("libc.so.6")).rejects.toThrow(/cblas_sgemm/);
  });
});

const report = await findBlas("auto");
const { choice } = report;

describe.skipIf(!choice)(`this machine's BLAS (${choice ? choice.path : `none: ${report.reason}`})`, () => {
  it("gives the same bits however many help", async () => {
    const shapes = [
      [512, 512, 512],
      [301, 207, 130],
      [64, 1030, 77],
      [3, 640, 640],
    ];
    const results: Uint8Array[][] = [];
    for (const helpers of [0, 1, 2]) {
      const opened = await openDevice({ blas: choice && { ...choice, from: 0 }, helpers });
      const device = new TensorDevice(opened.device);
      const products = shapes.flatMap(([m, n, k]) => [
        device.randn([m, k], { seed: 1 }).matmul(device.randn([k, n], { seed: 2 })),
        device
          .randn([k, m], { seed: 3 })
          .transpose()
          .matmul(device.randn([n, k], { seed: 4 }).transpose()),
      ]);
      const data = await Promise.all(products.map((product) => product.data()));
      results.push(data.map(({ buffer }) => new Uint8Array(buffer)));
      await opened.close();
    }
    const same = results.map((result) => result.map((bytes, i) => Buffer.compare(bytes, results[0][i]) === 0));
    expect(same).toEqual(results.map((result) => result.map(() => true)));
  });

  it.each(["inline", "threaded"] as const)("gives what our kernel gives, on a stream that is %s", async (stream) => {
    const opened = await openDevice({ stream, blas: choice && { ...choice, from: 0 } });
    const own = await openDevice();
    const [device, reference] = [new TensorDevice(opened.device), new TensorDevice(own.device)];
    const shapes = fc.record({
      m: fc.integer({ min: 1, max: 70 }),
      n: fc.integer({ min: 1, max: 70 }),
      k: fc.integer({ min: 1, max: 70 }),
      left: fc.boolean(),
      right: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ m, n, k, left, right }) => {
        const product = async (on: TensorDevice): Promise<Float32Array> => {
          const a = left ? on.randn([k, m], { seed: 1 }).transpose() : on.randn([m, k], { seed: 1 });
          const b = right ? on.randn([n, k], { seed: 2 }).transpose() : on.randn([k, n], { seed: 2 });
          return (await a.matmul(b).data()) as Float32Array;
        };
        const [found, wanted] = [await product(device), await product(reference)];
        for (const [i, value] of found.entries()) expect(Math.abs(value - wanted[i])).toBeLessThan(1e-4);
      }),
      { numRuns: 60 },
    );
    await opened.close();
    await own.close();
  });
});
