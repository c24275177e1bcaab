/** Teams: the same bits however many help, for every kernel that is shared; and thousands of jobs in a row. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type KernelName, kernels, type SegmentPool } from "../../src/device/index.ts";
import { type Kernel, kernelNumber } from "../../src/device/kernels/index.ts";
import { compileProgram } from "../../src/job/node/compile.ts";
import { runJob } from "../../src/job/node/job.ts";
import { nodeKit } from "../../src/job/node/node-kit.ts";
import { type OpenDevice, openDevice } from "../../src/job/node/open-device.ts";
import { openExtras } from "../../src/job/roles/extras.ts";
import { nodePlatform } from "../../src/platform/node/node.ts";
import { TensorDevice } from "../../src/tensor/index.ts";
import { makePool } from "../helpers/device.ts";
import { sharedLaunches } from "../helpers/shared-launches.ts";

const opened: OpenDevice[] = [];
afterAll(() => Promise.all(opened.map((each) => each.close())));

async function withHelpers(helpers: number, stream: "inline" | "threaded" = "inline"): Promise<TensorDevice> {
  const open = await openDevice({ helpers, stream });
  opened.push(open);
  return new TensorDevice(open.device);
}

it("every kernel that is shared is tested here", () => {
  const shared = Object.entries(kernels).filter(([, kernel]) => (kernel as Kernel).parts);
  expect(Object.keys(sharedLaunches).sort()).toEqual(shared.map(([name]) => name as KernelName).sort());
});

describe("teams", () => {
  let alone: TensorDevice;
  let teams: TensorDevice[];
  beforeAll(async () => {
    alone = await withHelpers(0);
    teams = await Promise.all([withHelpers(1), withHelpers(2), withHelpers(3), withHelpers(2, "threaded")]);
  });

  it.each(Object.entries(sharedLaunches))("%s gives the same bits with 0, 1, 2 and 3 helpers", async (name, launch) => {
    const bits = async (device: TensorDevice): Promise<string> => {
      const tensors = device.scope(() => launch(device));
      const data = await Promise.all(tensors.map((tensor) => tensor.data()));
      for (const tensor of tensors) tensor.dispose();
      return data.map((numbers) => createHash("sha256").update(Buffer.from(numbers.buffer)).digest("hex")).join();
    };
    const parts = vi.spyOn(kernels[name as KernelName] as Required<Kernel>, "parts");
    const wanted = await bits(alone);
    for (const device of teams) {
      parts.mockClear();
      expect(await bits(device)).toBe(wanted);
      // A stream's thread cuts out of our sight.
      if (device !== teams.at(-1)) expect(parts.mock.results.some(({ value }) => value > 1)).toBe(true);
    }
    parts.mockRestore();
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
