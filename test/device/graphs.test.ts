/** Captured graphs: the same bits as eager, on every body of a stream; what cannot be captured; pools by shape. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { CaptureError } from "../../src/device/index.ts";
import { GraphPool, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { runProgram } from "../helpers/jobs.ts";

afterAll(closeDevices);

/** Steps of a random computation on [4, 6] tensors. */
const steps: ((x: Tensor, w: Tensor) => Tensor)[] = [
  (x, w) => x.matmul(w),
  (x) => x.add(0.25),
  (x, w) => x.mul(w.slice(0, 0, 4)),
  (x) => x.tanh(),
  (x) => x.softmax(),
  (x) => x.sub(x.mean(1, true)),
  (x) => x.transpose(0, 1).contiguous().transpose(0, 1).contiguous(),
  (x) => x.maximum(0),
];

async function bits(tensor: Tensor): Promise<string> {
  return String(new Uint32Array(((await tensor.data()) as Float32Array).slice().buffer));
}

describe.each(["inline", "deferred", "threaded"] as const)("graphs on a stream that is %s", (stream) => {
  it("give the same bits as eager launches, replay after replay", async () => {
    const device = await makeTensorDevice(1, { stream });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(steps.length - 1), { minLength: 1, maxLength: 12 }), async (plan) => {
        const w = device.randn([6, 6], { seed: 3 });
        const input = device.zeros([4, 6]);
        const compute = (x: Tensor) => plan.reduce((value, step) => steps[step](value, w), x.add(0));
        const captured = device.capture(() => compute(input));
        for (const seed of [7, 8, 9]) {
          const values = device.randn([4, 6], { seed });
          input.copy_(values);
          captured.replay();
          const replayed = await bits(captured.output);
          const eager = device.scope(() => compute(values));
          expect(replayed).toBe(await bits(eager));
          eager.dispose();
          values.dispose();
        }
        captured.release();
        w.dispose();
        input.dispose();
      }),
      { numRuns: 25 },
    );
    await device.synchronize();
    expect(device.memoryStats().allocated.current).toBe(0);
  });

  it("keep their memory to themselves, and give it back", async () => {
    const device = await makeTensorDevice(0, { stream });
    const x = device.full([1000], 3);
    const captured = device.capture(() => x.add(1).mul(2));
    x.dispose(); // the graph still reads it
    const others = Array.from({ length: 20 }, (_, i) => device.full([1000], 100 + i));
    captured.replay();
    expect((await captured.output.toArray()) as number[]).toEqual(Array(1000).fill(8));
    for (const [i, other] of others.entries()) expect((await other.sum().item()) as number).toBe(1000 * (100 + i));
    captured.release();
    for (const other of others) other.dispose();
    expect(() => captured.replay()).toThrow("was released");
  });
});

describe("what cannot be captured", () => {
  const line = /graphs\.test\.ts:\d+/;
  const refusals: Record<string, (device: TensorDevice, x: Tensor) => unknown> = {
    "Writing host data": (device) => device.tensor([1, 2]),
    "Reading a tensor": (_, x) => x.sum().item(),
    Synchronizing: (device) => device.synchronize(),
    "The device's own random numbers": (device) => device.randn([2]),
    "Emptying the cache": (device) => device.raw.emptyCache(),
    "Exporting a buffer": (device, x) => device.raw.export(x.buffer),
    "A capture": (device) => device.capture(() => undefined),
  };

  it.each(Object.entries(refusals))("%s", async (what, call) => {
    const device = await makeTensorDevice();
    const x = device.ones([3]);
    let refused: Promise<unknown> | undefined;
    const attempt = () =>
      device.capture(() => {
        const result = call(device, x);
        if (result instanceof Promise) refused = result;
        return undefined;
      });
    let error: Error | undefined;
    try {
      attempt();
      await refused;
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(error).toBeInstanceOf(CaptureError);
    expect(error?.message).toContain(`${what} cannot be captured`);
    expect(error?.message).toMatch(line);
    // Nothing is left of it.
    expect((await x.sum().item()) as number).toBe(3);
  });

  it("an async function", async () => {
    const device = await makeTensorDevice();
    expect(() => device.capture((async () => {}) as unknown as () => undefined)).toThrow("synchronous");
  });

  it("operations between ranks", async () => {
    const { failure } = await runProgram("test/programs/captures.ts", { ranks: 2 });
    expect(failure?.message).toContain("An operation between ranks cannot be captured (captures.ts:");
  });
});

it.each(["inline", "threaded"] as const)(
  "a replay over a tensor that is on its way names the operation, %s",
  async (streams) => {
    const { failure } = await runProgram("test/programs/replayed.ts", { ranks: 2, streams });
    expect(failure?.message).toMatch(
      /a buffer that allReduce\(sum, f32\[4\]\) \(replayed\.ts:\d+:?\d*\) is using: that operation was neither awaited nor waited for/,
    );
  },
);

describe("a pool of graphs", () => {
  it("pads to the smallest bucket, and captures each once", async () => {
    const device = await makeTensorDevice(0, { stream: "threaded" });
    const w = device.randn([5, 3], { seed: 1 });
    const pool = new GraphPool(device, (x) => x.matmul(w).tanh(), [8, 2, 4]);
    for (const rows of [1, 2, 3, 4, 5, 8, 3, 1]) {
      const x = device.randn([rows, 5], { seed: rows });
      const y = pool.run(x);
      const eager = device.scope(() => x.matmul(w).tanh());
      expect(y.shape).toEqual([rows, 3]);
      expect(await y.toArray()).toEqual(await eager.toArray());
    }
    expect(pool.captured).toBe(3);
    pool.release();
  });

  it("pads with zeros, whatever a longer input has left there", async () => {
    const device = await makeTensorDevice();
    const pool = new GraphPool(device, (x) => x.add(x.sum(0, true)), [4]);
    pool.run(device.full([4, 2], 100));
    expect(await pool.run(device.ones([3, 2])).toArray()).toEqual(Array(3).fill([4, 4]));
    pool.release();
  });

  it("refuses what it was not made for", async () => {
    const device = await makeTensorDevice();
    const pool = new GraphPool(device, (x) => x.add(1), [2, 4]);
    pool.run(device.ones([2, 3]));
    expect(() => pool.run(device.ones([2, 4]))).toThrow("These graphs are for f32[n,3], but the input is f32[2,4].");
    expect(() => pool.run(device.ones([2, 3], "i32"))).toThrow("the input is i32[2,3]");
    expect(() => pool.run(device.ones([5, 3]))).toThrow("fits none of the buckets [2,4]");
    expect(() => new GraphPool(device, (x) => x, [])).toThrow("Buckets are whole numbers");
  });
});
