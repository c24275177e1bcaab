/** Teams: the same bits however many help, for every kernel that is shared; and thousands of jobs in a row. */
import { afterAll, describe, expect, it } from "vitest";
import { type KernelName, kernels, type SegmentPool } from "../../src/device/index.ts";
import { type Kernel, kernelNumber } from "../../src/device/kernels/index.ts";
import { compileProgram } from "../../src/job/node/compile.ts";
import { runJob } from "../../src/job/node/job.ts";
import { nodeKit } from "../../src/job/node/node-kit.ts";
import { type OpenDevice, openDevice } from "../../src/job/node/open-device.ts";
import { openExtras } from "../../src/job/roles/extras.ts";
import { nodePlatform } from "../../src/platform/node/node.ts";
import { type Tensor, TensorDevice } from "../../src/tensor/index.ts";
import { makePool } from "../helpers/device.ts";

const opened: OpenDevice[] = [];
afterAll(() => Promise.all(opened.map((each) => each.close())));

async function withHelpers(helpers: number, stream: "inline" | "threaded" = "inline"): Promise<TensorDevice> {
  const open = await openDevice({ helpers, stream });
  opened.push(open);
  return new TensorDevice(open.device);
}

/** A launch of each kernel that is shared, large enough to be. @returns what it writes. */
const launches: Record<string, (device: TensorDevice) => Tensor[]> = {
  gemm: (device) => [device.randn([203, 130], { seed: 1 }).matmul(device.randn([130, 171], { seed: 2 }))],
  softmax: (device) => [device.randn([1037, 513], { seed: 3 }).softmax()],
  rmsNorm: (device) => {
    const [x, w] = [device.randn([1001, 700], { seed: 4 }), device.randn([700], { seed: 5 })];
    const [y, rstd] = [device.empty([1001, 700]), device.empty([1001])];
    device.raw.launch(
      "rmsNorm",
      [x, w, y, rstd].map((t) => t.ref()),
      [1001, 700, 1e-5],
    );
    return [y, rstd];
  },
  swiglu: (device) => {
    const n = 500_003;
    const [gate, up, y] = [device.randn([n], { seed: 6 }), device.randn([n], { seed: 7 }), device.empty([n])];
    device.raw.launch(
      "swiglu",
      [gate, up, y].map((t) => t.ref()),
      [n],
    );
    return [y];
  },
  attention: (device) => {
    const [heads, dim, tokens] = [3, 24, 333];
    const [q, k, v] = [8, 9, 10].map((seed) => device.randn([tokens, heads, dim], { seed }));
    const [o, lse] = [device.empty([tokens, heads, dim]), device.empty([heads, tokens])];
    const starts = device.tensor([0, 100, tokens], "i32");
    const strides = [heads * dim, dim, heads * dim, dim, heads * dim, dim];
    const refs = [q, k, v, o, lse, starts, starts].map((t) => t.ref());
    device.raw.launch("attention", refs, [2, heads, heads, dim, tokens, tokens, ...strides, 1, 0.2]);
    return [o, lse];
  },
  ...Object.fromEntries(
    ([8, 4] as const).map((bits) => [
      `matmul${bits}`,
      (device: TensorDevice) => {
        const [m, n, k] = [3, 997, 512];
        const [x, w] = [device.randn([m, k], { seed: 11 }), device.randn([n, k], { seed: 12 })];
        const [packed, scales, y] = [
          device.empty([(n * k * bits) / 8], "u8"),
          device.empty([n, k / 32]),
          device.empty([m, n]),
        ];
        device.raw.launch(
          `quantize${bits}`,
          [w, packed, scales].map((t) => t.ref()),
          [n, k],
        );
        device.raw.launch(
          `matmul${bits}`,
          [x, packed, scales, y].map((t) => t.ref()),
          [m, n, k, n],
        );
        return [y];
      },
    ]),
  ),
};

it("every kernel that is shared is tested here", () => {
  const shared = Object.entries(kernels).filter(([, kernel]) => (kernel as Kernel).parts);
  expect(Object.keys(launches).sort()).toEqual(shared.map(([name]) => name as KernelName).sort());
});

describe.each(Object.keys(launches))("%s", (name) => {
  it.each(["inline", "threaded"] as const)("gives the same bits with 0, 1, 2 and 3 helpers, %s", async (stream) => {
    const results: string[] = [];
    for (const helpers of [0, 1, 2, 3]) {
      const device = await withHelpers(helpers, stream);
      const tensors = launches[name](device);
      const data = await Promise.all(tensors.map((tensor) => tensor.data()));
      results.push(data.map((numbers) => Buffer.from(numbers.buffer).toString("base64")).join());
    }
    for (const result of results) expect(result === results[0]).toBe(true);
  });
});

it("a team does thousands of jobs in a row, of different kernels", async () => {
  const device = await withHelpers(2);
  const alone = await withHelpers(0);
  const product = (on: TensorDevice) => on.randn([128, 128], { seed: 1 }).matmul(on.randn([128, 128], { seed: 2 }));
  const wanted = await product(alone).data();
  const [a, b, x] = [
    device.randn([128, 128], { seed: 1 }),
    device.randn([128, 128], { seed: 2 }),
    device.randn([700, 700]),
  ];
  for (let i = 0; i < 3000; i++) {
    const c = a.matmul(b);
    if (i % 7 === 0) x.softmax().dispose();
    if (i % 250 === 0) expect(await c.data()).toEqual(wanted);
    c.dispose();
  }
});

it("helpers really help: the leader's first part waits until somebody has done another one", async () => {
  const kernelModule = await nodePlatform.loadKernels();
  const pool = makePool();
  const { team } = openExtras(nodeKit, { pool, kernels: kernelModule, owner: 1, spins: 20, helpers: 1 });
  const [rows, cols] = [2048, 1024];
  const x = pool.take(2, 2 * 4 * rows * cols);
  const y = x + 4 * rows * cols;
  const floats = pool.memory.wasm.buffer;
  const last = () => new Float32Array(floats, y + 4 * (rows * cols - 1), 1)[0];
  const until = performance.now() + 20_000;
  let parts = 0;
  team?.lead((_, args) => {
    parts++;
    expect(args[1]).toBe(y); // the first one
    while (last() === 0 && performance.now() < until);
  })(kernelNumber("softmax"), [x, y, rows, cols]);
  expect(parts).toBe(1);
  expect(last()).toBeCloseTo(1 / cols);
  team?.dismiss();
});

describe("a leader", () => {
  const [rows, cols] = [4096, 1024];

  /** A team of two over a large softmax. @param own what the leader does in place of its parts. */
  async function lead(
    kernel: KernelName,
    scalars: number[],
    own: (pool: SegmentPool, args: readonly number[]) => void,
  ) {
    const pool = makePool();
    const { team } = openExtras(nodeKit, {
      pool,
      kernels: await nodePlatform.loadKernels(),
      owner: 1,
      spins: 20,
      helpers: 1,
    });
    const x = pool.take(2, 2 * 4 * rows * cols);
    try {
      team?.lead((_, args) => own(pool, args))(kernelNumber(kernel), [x, x + 4 * rows * cols, ...scalars]);
    } finally {
      team?.dismiss();
    }
    return new Float32Array(pool.memory.wasm.buffer, x + 4 * rows * cols, rows * cols);
  }

  it("waits for the last part of its helper", async () => {
    const y = await lead("softmax", [rows, cols], (pool, [, to, count]) => {
      const theirs = new Float32Array(pool.memory.wasm.buffer, to + 4 * count * cols, 1);
      const until = performance.now() + 20_000;
      while (theirs[0] === 0 && performance.now() < until); // it has begun
    });
    expect(y.at(-1)).toBeCloseTo(1 / cols);
  });

  it("meets the error of its helper, alone", async () => {
    const calls: number[] = [];
    const beyond = 2 ** 28 - 64;
    const failing = lead("swiglu", [beyond, rows * cols], (_, args) => {
      calls.push(args.length);
      if (calls.length > 1) throw new Error("met again");
      const until = performance.now() + 500;
      while (performance.now() < until); // the helper takes the other part, whose output lies beyond the memory
    });
    await expect(failing).rejects.toThrow("met again");
  });
});

it.each([
  ["shm", "inline"],
  ["shm", "threaded"],
  ["local", "inline"],
  ["tcp", "threaded"],
] as const)("ranks over %s, %s, get the same sums with helpers as without", async (transport, streams) => {
  const program = await compileProgram("test/programs/products.ts");
  const shown = async (helpers: number): Promise<unknown[]> => {
    const found: unknown[] = [];
    const result = await runJob({
      program,
      ranks: 2,
      transport,
      streams,
      helpers,
      onShown: (_, row) => void found.push(row),
    });
    expect(result.failure).toBeUndefined();
    return found;
  };
  expect(await shown(2)).toEqual(await shown(0));
});
