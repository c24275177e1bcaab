/** What the tape promises besides right gradients: when hooks fire, what is kept and for how long, what is refused. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recompute, tapeOf } from "../../src/autograd/index.ts";
import { Parameter } from "../../src/nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(3);
});

const allocated = (): number => device.memoryStats().allocated.current;

async function weight(values: number | number[] | number[][]): Promise<Parameter> {
  const tensor = device.tensor(values);
  const parameter = new Parameter(device, tensor.shape);
  device.noGrad(() => parameter.copy_(tensor));
  return parameter;
}

describe("a shared parameter", () => {
  const ways: Readonly<Record<string, (x: Tensor, w: Tensor) => Tensor>> = {
    plain: (x, w) => x.mul(w).mul(w),
    "first use recomputed": (x, w) => recompute(device, (a) => a.mul(w), [x]).mul(w),
    "second use recomputed": (x, w) => recompute(device, (a) => a.mul(w), [x.mul(w)]),
    "both recomputed": (x, w) => recompute(device, (a) => a.mul(w).mul(w), [x]),
    "recomputed twice": (x, w) => recompute(device, (a) => recompute(device, (b) => b.mul(w), [a]).mul(w), [x]),
    "through views": (x, w) => x.mul(w.view()).mul(w.reshape([1]).reshape([])),
  };
  it.each(Object.entries(ways))("is ready once, with the whole gradient: %s", async (_, run) => {
    const w = await weight(3);
    const x = device.tensor(2);
    const seen: Promise<number>[] = [];
    // A copy: reading waits, and the gradient may grow in the meantime.
    w.registerPostAccumulateGradHook(() => seen.push(device.unscoped(() => (w.grad as Tensor).clone()).item()));
    run(x, w).backward();
    expect(await Promise.all(seen)).toEqual([12]);
  });
});

describe("a weight whose gradient the kernels write themselves", () => {
  it("is ready once, when the last of its uses has been added", async () => {
    const w = await weight([
      [1, 2],
      [3, 4],
    ]);
    const seen: Promise<unknown>[] = [];
    w.registerPostAccumulateGradHook(() => seen.push(device.unscoped(() => (w.grad as Tensor).clone()).toArray()));
    const x = device.tensor([[1, 10]]);
    F.linear({ x: F.linear({ x, weight: w }), weight: w })
      .sum()
      .backward();
    // Σ w · (w · x): 4 and 6 of the inner use, h = [21, 43] of the outer one.
    expect(await Promise.all(seen)).toEqual([
      [
        [4 + 21, 40 + 43],
        [6 + 21, 60 + 43],
      ],
    ]);
  });
});

describe("null is not zero", () => {
  it("where a loss does not depend on a leaf", async () => {
    const [a, b] = [await weight([1, 2]), await weight([3, 4])];
    const fired: string[] = [];
    b.registerPostAccumulateGradHook(() => fired.push("b"));
    a.mul(2).sum().backward();
    expect(b.grad).toBeNull();
    expect(fired).toEqual([]);
    expect(await a.grad?.toArray()).toEqual([2, 2]);
  });

  it("where an operation gives no gradient to what only another output would need", async () => {
    const a = await weight([1, 2, 3]);
    const [left, right] = [a.slice(0, 0, 1), a.slice(0, 1)];
    right.sum().backward();
    expect(await a.grad?.toArray()).toEqual([0, 1, 1]);
    expect(left.grad).toBeNull();
  });
});

describe("gradients add up", () => {
  it("over uses and passes, until they are taken away", async () => {
    const w = await weight([1, 2]);
    w.mul(3).add(w).sum().backward();
    expect(await w.grad?.toArray()).toEqual([4, 4]);
    w.sum().backward();
    expect(await w.grad?.toArray()).toEqual([5, 5]);
    (w as { grad: Tensor | null }).grad = null;
    w.sum().backward();
    expect(await w.grad?.toArray()).toEqual([1, 1]);
  });

  it("in a place that was given, such as a bucket", async () => {
    const bucket = device.full([5], 7);
    const [a, b] = [await weight([1, 2]), await weight([[1, 2, 3]])];
    tapeOf(device).placeGrad(a, bucket.slice(0, 0, 2));
    tapeOf(device).placeGrad(b, bucket.slice(0, 2, 5).reshape([1, 3]));
    const loss = (): void =>
      F.linear({ x: a.reshape([2, 1]).mul(device.ones([2, 3])), weight: b })
        .sum()
        .backward();
    loss();
    expect(await bucket.toArray()).toEqual([6, 6, 3, 3, 3]);
    loss();
    expect(await bucket.toArray()).toEqual([12, 12, 6, 6, 6]);
    a.grad = null;
    expect(await bucket.toArray()).toEqual([12, 12, 6, 6, 6]); // the place is not ours to free
    loss();
    expect(await bucket.toArray()).toEqual([6, 6, 9, 9, 9]);
    expect(() => tapeOf(device).placeGrad(a, bucket.slice(0, 0, 3))).toThrow(
      "A gradient of [2] needs a contiguous place",
    );
  });

  it("in the dtype of the place, or of the gradient that was set", async () => {
    const [placed, set] = [await weight([[1, 2]]), await weight([[1, 2]])];
    const place = device.zeros([1, 2], "bf16");
    tapeOf(device).placeGrad(placed, place);
    set.grad = device.full([1, 2], 3, "bf16");
    for (const w of [placed, set])
      F.linear({ x: device.ones([3, 2]), weight: w })
        .sum()
        .backward();
    expect(await place.toArray()).toEqual([[3, 3]]);
    expect([await set.grad?.toArray(), set.grad?.dtype]).toEqual([[[6, 6]], "bf16"]);
  });

  it("in f32 where a bf16 parameter asks for that", async () => {
    const wide = new Parameter(device, [1], { dtype: "bf16", gradDType: "f32" });
    const narrow = new Parameter(device, [1], { dtype: "bf16" });
    for (const w of [wide, narrow]) {
      w.to("f32").mul(256).sum().backward();
      w.to("f32").mul(1).sum().backward();
    }
    expect(await wide.grad?.toArray()).toEqual([257]);
    expect(await narrow.grad?.toArray()).toEqual([256]);
  });

  it("without touching the gradient that the caller gave", async () => {
    const w = await weight([1, 2]);
    const given = device.tensor([1, 1]);
    w.add(w)
      .add(w)
      .backward(given as Tensor);
    expect(await w.grad?.toArray()).toEqual([3, 3]);
    expect(await given.toArray()).toEqual([1, 1]);
  });
});

describe("a saved value that was changed", () => {
  it("throws with both lines", async () => {
    const w = await weight([1, 2]);
    const x = device.tensor([3, 4]);
    const y = w.mul(x);
    x.add_(1);
    const error = (): void => y.sum().backward();
    expect(error).toThrow(
      /the value of f32\[2\] that binary \(tape\.test\.ts:\d+\) has saved, but it was changed since \(tape\.test\.ts:\d+\)/,
    );
    expect(error).toThrow("clone() it first");
  });

  it.each([
    ["by copy_", (x: Tensor): void => void x.copy_(device.tensor([9, 9]))],
    ["by fill_", (x: Tensor): void => void x.fill_(9)],
    ["through a view", (x: Tensor): void => void x.slice(0, 1).mul_(2)],
    [
      "by a fused kernel",
      (x: Tensor): void => {
        F.embeddingBackward({
          table: x.reshape([2, 1]),
          index: device.tensor([0], "i32"),
          source: device.ones([1, 1]),
        });
      },
    ],
  ])("%s", async (_, change) => {
    const w = await weight([1, 2]);
    const x = device.tensor([3, 4]);
    const y = w.mul(x);
    change(x);
    expect(() => y.sum().backward()).toThrow("was changed since");
  });

  it("but not where nothing was saved, or what was saved is not needed", async () => {
    const w = await weight([1, 2]);
    const x = device.tensor([3, 4]);
    const y = w.add(x);
    x.add_(1);
    y.sum().backward();
    expect(await w.grad?.toArray()).toEqual([1, 1]);
  });
});

describe("in place", () => {
  it("what gradients flow through is not changed", async () => {
    const w = await weight([1, 2]);
    const x = device.tensor([3, 4]);
    expect(() => w.add_(1)).toThrow("add_ on f32[2]: gradients flow through it");
    expect(() => w.mul(2).fill_(0)).toThrow("gradients flow through it");
    expect(() => x.copy_(w)).toThrow("gradients flow through what it would add in");
    expect(() => w.view().slice(0, 1).mul_(2)).toThrow("device.noGrad(() => …)");
    device.noGrad(() => w.add_(1));
    expect(await w.toArray()).toEqual([2, 3]);
  });
});

describe("hooks", () => {
  it("on a result see its whole gradient, and may replace it", async () => {
    const w = await weight([1, 2]);
    const y = w.mul(2);
    const seen: Promise<unknown>[] = [];
    y.registerHook((gradient) => {
      seen.push(device.unscoped(() => gradient.clone()).toArray());
      return gradient.mul(10);
    });
    const handle = y.view(); // another handle: the hook sits on the tape
    y.add(handle).sum().backward();
    expect(await Promise.all(seen)).toEqual([[2, 2]]);
    expect(await w.grad?.toArray()).toEqual([40, 40]);
  });

  it("on a leaf see each gradient before it is added, also those that kernels would write themselves", async () => {
    const w = await weight([[1, 2]]);
    w.registerHook((gradient) => gradient.mul(2));
    F.linear({ x: device.tensor([[1, 1]]), weight: w })
      .sum()
      .backward();
    expect(await w.grad?.toArray()).toEqual([[2, 2]]);
  });

  it("on a leaf that backward begins at tell that it is ready", async () => {
    const w = await weight(3);
    let ready = 0;
    w.registerPostAccumulateGradHook(() => ready++);
    w.backward();
    expect([ready, await w.grad?.item()]).toEqual([1, 1]);
  });

  it("on a result run once where gradients of weights are put off, and hold for both halves", async () => {
    const [x, w] = [device.tensor([[1, 2]]).requiresGrad_(), await weight([[3], [4]])];
    const y = x.matmul(w);
    let calls = 0;
    y.registerHook((gradient) => {
      calls++;
      return gradient.mul(10);
    });
    const later = tapeOf(device).deferWeights(() => y.sum().backward());
    later.run();
    expect(calls).toBe(1);
    expect([await x.grad?.toArray(), await w.grad?.toArray()]).toEqual([[[30, 40]], [[10], [20]]]);
  });

  it("can be taken away", async () => {
    const w = await weight([1]);
    let calls = 0;
    const [first, second] = [w.registerPostAccumulateGradHook(() => calls++), w.registerHook(() => void calls++)];
    first.remove();
    second.remove();
    w.sum().backward();
    expect(calls).toBe(0);
  });

  it("cannot give a gradient of another shape", async () => {
    const w = await weight([1, 2]);
    const y = w.mul(2);
    y.registerHook((gradient) => gradient.sum());
    expect(() => y.sum().backward()).toThrow("A hook on a gradient of [2] gives one of that shape, but gave f32[]");
    w.registerHook((gradient) => gradient.sum());
    expect(() => w.sum().backward()).toThrow("A hook on a gradient of [2] gives one of that shape, but gave f32[]");
    expect(w.grad).toBeNull();
  });

  it("around a region tell its begin and its end, inner ones inside outer ones", async () => {
    const w = await weight([1, 2]);
    const log: string[] = [];
    const tape = tapeOf(device);
    const region = <R>(name: string, body: () => R): R =>
      tape.region({ before: () => log.push(`begin ${name}`), after: () => log.push(`end ${name}`) }, body);
    w.registerPostAccumulateGradHook(() => log.push("w is ready"));
    const y = region("outer", () => {
      const a = w.mul(2);
      const b = region("inner", () => a.exp().mul(3));
      return b.view().sum();
    });
    y.backward();
    expect(log).toEqual(["begin outer", "begin inner", "end inner", "w is ready", "end outer"]);
  });
});

describe("memory", () => {
  it("of a loss that nobody goes back from is given up with its handle", async () => {
    const w = await weight([1, 2]);
    const before = allocated();
    device.scope(() => {
      w.exp().mul(w).sum();
      return undefined;
    });
    expect(allocated()).toBe(before);
  });

  it("of a chain that is longer than the stack is deep is given up all the same", async () => {
    const w = await weight(1);
    const before = allocated();
    let y: Tensor = w.exp();
    for (let i = 0; i < 15_000; i++) {
      const last = y;
      y = last.add(1);
      last.dispose();
    }
    y.dispose();
    expect(allocated()).toBe(before);
  });

  it("is given up as backward proceeds: at no time more than two gradients beside what is saved", () => {
    const n = 2 ** 14;
    const layers = 12;
    const x = device.ones([n]).requiresGrad_();
    const before = allocated();
    let y: Tensor = x.view();
    for (let i = 0; i < layers; i++) {
      const last = y;
      y = device.scope(() => last.exp().mul(0)); // exp saves its result, the product nothing
      last.dispose();
    }
    const saved = allocated() - before;
    expect(saved).toBe((layers + 1) * n * 4);
    device.raw.resetPeakMemory();
    const loss = y.sum();
    loss.backward();
    const peak = device.memoryStats().allocated.peak - before;
    expect(peak).toBeLessThanOrEqual(saved + 3 * n * 4 + 1024);
    y.dispose();
    loss.dispose();
    expect(allocated() - before).toBe(n * 4); // the gradient of x
    x.dispose();
  });

  it("is back to where it was when a derivative throws", async () => {
    const w = await weight([1, 2]);
    const x = device.tensor([3, 4]);
    const before = allocated();
    expect(() =>
      device.scope(() => {
        const y = w.mul(x).exp();
        device.noGrad(() => x.add_(0));
        y.sum().backward();
        return undefined;
      }),
    ).toThrow("was changed since");
    expect(allocated()).toBe(before);
  });

  it("is back to where it was also when gradients of another branch were on their way", async () => {
    const w = await weight([1, 2]);
    const x = device.tensor([3, 4]);
    const before = allocated();
    expect(() =>
      device.scope((): undefined => {
        const early = w.exp();
        const y = early.add(1).mul(x); // its gradient fails while that of early has come from the other branch
        device.noGrad(() => x.add_(0));
        early.mul(2).tanh().add(y).sum().backward();
      }),
    ).toThrow("was changed since");
    expect(allocated()).toBe(before);
  });

  it("of a scope in which the tape kept something stays until backward", async () => {
    const w = await weight([1, 2]);
    const y = device.scope(() => w.exp().exp());
    y.sum().backward();
    const e = [1, 2].map((v) => Math.exp(v));
    expect(await w.grad?.toArray()).toEqual(e.map((v) => expect.closeTo(Math.exp(v) * v, 2)));
  });
});

describe("backward", () => {
  it("refuses what it cannot do, with the way out", async () => {
    const w = await weight([1, 2]);
    expect(() => device.ones([1]).backward()).toThrow("nothing that it was computed from needs a gradient");
    expect(() => w.mul(2).backward()).toThrow("needs the gradient of each element: give it, or take a sum() or mean()");
    expect(() => w.mul(2).backward(device.ones([3]))).toThrow("takes a gradient of its shape, but got f32[3]");
    const y = w.exp().sum();
    y.backward();
    expect(() => y.backward()).toThrow("came to unary a second time");
    expect(() =>
      device
        .noGrad(() => w.mul(2))
        .sum()
        .backward(),
    ).toThrow("nothing that it was computed from");
    expect(() => device.tensor([1], "i32").requiresGrad_()).toThrow("only floating-point tensors have one");
    expect(() => w.mul(2).requiresGrad_(false)).toThrow("Take a detach() of it");
    expect(() => F.quantize({ w: device.ones([1, 32]).requiresGrad_(), bits: 8 })).toThrow(
      "quantize has no derivative",
    );
  });

  it("runs again on a graph that was retained", async () => {
    const w = await weight([1, 2]);
    const y = w.mul(w).sum();
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(await w.grad?.toArray()).toEqual([4, 8]);
  });

  it("stops at a detach, and in noGrad nothing begins", async () => {
    const w = await weight([1, 2]);
    const y = w.mul(2);
    expect(y.detach().requiresGrad).toBe(false);
    expect(device.noGrad(() => w.mul(2)).requiresGrad).toBe(false);
    expect([w.isLeaf, y.isLeaf, y.detach().isLeaf]).toEqual([true, false, true]);
    w.mul(w.detach()).sum().backward();
    expect(await w.grad?.toArray()).toEqual([1, 2]);
  });
});

describe("in two halves", () => {
  const run = async (): Promise<{ x: Tensor; w: Parameter; loss: Tensor }> => {
    const w = await weight([
      [0.4, -0.2],
      [0.7, 0.3],
    ]);
    const x = device.tensor([[1.1, -0.7]]).requiresGrad_();
    return { x, w, loss: x.matmul(w).matmul(w).sum() };
  };

  it("a weight that is used twice waits for the second half, and is ready once", async () => {
    const { x, w, loss } = await run();
    expect(await loss.item()).toBeCloseTo(-0.44, 6);
    let ready = 0;
    w.registerPostAccumulateGradHook(() => ready++);
    const weights = tapeOf(device).deferWeights(() => loss.backward());
    expect((await x.grad?.toArray()) as number[][]).toEqual([[expect.closeTo(-0.12, 5), expect.closeTo(0.44, 5)]]);
    expect([w.grad, ready, weights.size]).toEqual([null, 0, 2]);
    loss.dispose();
    weights.run();
    expect(await w.grad?.toArray()).toEqual([
      [expect.closeTo(0.17, 5), expect.closeTo(1.05, 5)],
      [expect.closeTo(-0.57, 5), expect.closeTo(-1.13, 5)],
    ]);
    expect(ready).toBe(1);
    weights.run();
    expect(ready).toBe(1);
  });

  it("what is not computed, or not to the end, is given up", async () => {
    const { x, w, loss } = await run();
    loss.dispose();
    const before = allocated();
    const fails = (): undefined => {
      throw new Error("no more");
    };
    const put = (retainGraph: boolean): void =>
      void device.scope((): undefined => {
        const y = x.matmul(w).matmul(w).matmul(w).sum();
        tapeOf(device)
          .deferWeights(() => y.backward(undefined, { retainGraph }))
          .dispose();
        x.grad = null;
      });
    put(false);
    put(true);
    expect([w.grad, allocated()]).toEqual([null, before]);
    const hook = w.registerHook(fails);
    const begin = (): void =>
      void device.scope((): undefined => {
        const y = x.matmul(w).matmul(w).matmul(w).sum();
        tapeOf(device)
          .deferWeights(() => y.backward())
          .run();
      });
    expect(begin).toThrow("no more");
    hook.remove();
    x.grad = null;
    expect(allocated()).toBe(before);
    const body = (): void =>
      void device.scope((): undefined => {
        tapeOf(device).deferWeights(() => {
          x.matmul(w).matmul(w).sum().backward();
          fails();
        });
      });
    expect(body).toThrow("no more");
    x.grad = null;
    expect(allocated()).toBe(before);
  });

  it("two micro-batches in flight, of every kind of layer: as in one", async () => {
    const width = 4;
    const names = ["w", "b", "norm", "table"];
    const make = (): Parameter[] =>
      [[width, width], [width], [width], [5, width]].map((shape, i) => {
        const parameter = new Parameter(device, shape);
        device.noGrad(() => parameter.copy_(device.randn(shape, { seed: 40 + i })));
        return parameter;
      });
    const forward = ([w, b, norm, table]: Parameter[], seed: number): Tensor => {
      const h = F.embedding({ table, index: device.randint(0, 5, [3], { seed }) });
      const y = F.linear({ x: F.rmsNorm({ x: h, weight: norm }).y, weight: w, bias: b });
      const tied = F.linear({ x: recompute(device, (z) => F.gelu({ x: z }), [y]), weight: table });
      return tied.matmul(table.view()).transpose().sum();
    };
    const [one, two] = [make(), make()];
    for (const seed of [1, 2]) forward(one, seed).backward();
    const later = [1, 2].map((seed) => tapeOf(device).deferWeights(() => forward(two, seed).backward()));
    for (const [i, parameter] of two.entries()) expect(parameter.grad, names[i]).toBeNull();
    for (const each of later) each.run();
    for (const [i, parameter] of two.entries()) {
      expect(await parameter.grad?.toArray(), names[i]).toEqual(await one[i].grad?.toArray());
    }
  });
});

describe("recomputation", () => {
  const layer =
    (w: Tensor) =>
    (x: Tensor): Tensor => {
      const dropped = F.dropout({ x: F.linear({ x, weight: w }), p: 0.5, seed: device.randomKey("layer") });
      return F.gelu({ x: dropped });
    };

  it("gives identical gradients and masks, runs forward twice, and keeps only the input in between", async () => {
    const n = 64;
    const w = await weight(
      Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Math.sin(i * 7 + j))),
    );
    const x = device.randn([n, n], { seed: 1 });
    let runs = 0;
    const results: unknown[] = [];
    const kept: number[] = [];
    for (const wrap of [false, true]) {
      device.beginStep(5);
      const body = (a: Tensor): Tensor => {
        runs++;
        return layer(w)(layer(w)(a));
      };
      const before = allocated();
      const y = device.scope(() => (wrap ? recompute(device, body, [x]) : body(x)));
      kept.push(allocated() - before);
      expect(y.requiresGrad).toBe(true); // also of a first block, whose input needs no gradient
      y.sum().backward();
      results.push([await y.toArray(), await w.grad?.toArray()]);
      w.grad = null;
      y.dispose();
    }
    expect(runs).toBe(3);
    expect(results[1]).toEqual(results[0]);
    expect(kept[1]).toBe(n * n * 4); // the result
    expect(kept[0]).toBeGreaterThan(3 * n * n * 4);
  });

  it("drops in backward what was dropped in forward, which a second draw would not", async () => {
    const [p, n] = [0.5, 64];
    const zeros = async (tensor: Tensor | null): Promise<boolean[]> =>
      [...((await tensor?.data()) ?? [])].map((value) => value === 0);
    const dropout = (x: Tensor): Tensor =>
      F.dropout({ x, p, seed: device.randomKey("layer") })
        .exp()
        .sub(1);
    device.beginStep(1);
    const x = device.ones([n]).requiresGrad_();
    const y = recompute(device, (a) => dropout(a).mul(a), [x]);
    const again = device.noGrad(() => dropout(x));
    y.sum().backward();
    const dropped = await zeros(y);
    expect(new Set(dropped).size).toBe(2);
    expect(await zeros(x.grad)).toEqual(dropped);
    expect(await zeros(again)).not.toEqual(dropped); // the mutant's mask
  });

  it("draws the numbers of the first run, though others were drawn since", async () => {
    const x = device.ones([64]).requiresGrad_();
    const y = recompute(device, (a) => a.mul(device.rand([64])).mul(a), [x]);
    device.rand([64]);
    const next = device.randomState();
    y.sum().backward();
    expect(device.randomState()).toEqual(next);
    expect(await x.grad?.toArray()).toEqual(await y.mul(2).toArray());
  });

  it("of a function that does something else the second time is an error", async () => {
    const w = await weight([1, 2]);
    let first = true;
    const y = recompute(
      device,
      (x) => {
        const result = first ? x.mul(w) : x.exp().mul(w);
        first = false;
        return result;
      },
      [w.add(0)],
    );
    expect(() => y.sum().backward()).toThrow(/saved .* as value \d when it first ran, and .* when it ran again/);
  });

  it("computes dead ends again and keeps nothing of them", async () => {
    const w = await weight([1, 2]);
    const before = allocated();
    const body = (x: Tensor): Tensor => {
      device.scope(() => void x.exp().mul(x)); // all that was saved so far is given up, and more follows
      x.tanh();
      return x.mul(w);
    };
    device.scope(
      () =>
        void recompute(device, body, [w.mul(2)])
          .sum()
          .backward(),
    );
    expect(await w.grad?.toArray()).toEqual([4, 8]);
    w.grad = null;
    expect(allocated()).toBe(before);
  });

  it("of a function that throws the second time keeps nothing", async () => {
    const w = await weight([1, 2]);
    const before = allocated();
    let runs = 0;
    const body = (x: Tensor): Tensor => {
      const y = x.exp();
      if (runs++ > 0) throw new Error("not again");
      return y.mul(y);
    };
    const backward = (): undefined => void recompute(device, body, [w]).sum().backward();
    expect(() => device.scope(backward)).toThrow("not again");
    expect(allocated()).toBe(before);
  });

  it("without gradients is a plain call, and without use gives everything up", async () => {
    const w = await weight([1, 2]);
    const before = allocated();
    device.scope(() => {
      recompute(device, (x) => x.mul(w).exp(), [w.exp()]);
      device.noGrad(() => recompute(device, (x) => x.mul(w), [w]));
      return undefined;
    });
    expect(allocated()).toBe(before);
  });
});

describe("saved values under hooks", () => {
  it("go where the hooks take them, and come back", async () => {
    const w = await weight([1, 2]);
    const away: Tensor[] = [];
    const hooks = {
      pack: (tensor: Tensor) => away.push(device.unscoped(() => tensor.clone())) - 1,
      unpack: (at: number) => away[at].view(),
      drop: (at: number) => away[at].dispose(),
    };
    const y = tapeOf(device).withSavedHooks(hooks, () => w.exp().mul(w));
    y.sum().backward();
    expect(away).toHaveLength(3);
    expect(await w.grad?.toArray()).toEqual([1, 2].map((v) => expect.closeTo(Math.exp(v) * (1 + v), 4)));
    expect(() => away[0].ref()).toThrow("after it was freed");
  });
});
