/**
 * The derivative of every operation, against slopes computed in float32 with wide steps and summed in float64:
 * a wrong term shows as an error far above the tolerance. Fixtures of torch and the float64 twin are compared beside.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { derivatives } from "../../src/autograd/derivatives/index.ts";
import { customOperation } from "../../src/autograd/index.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { functional as F, type Shape, sizeOfShape, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(0);
});

/** A function of tensors, and the shapes that it is tried with. */
interface Case {
  readonly operation: string;
  readonly run: (...inputs: Tensor[]) => Tensor;
  readonly shapes: readonly Shape[];
  /** Range of the inputs. */
  readonly from?: number;
  readonly to?: number;
}

const one = (operation: string, run: (x: Tensor) => Tensor, from = -2, to = 2): Case => {
  return { operation, run, shapes: [[3, 4]], from, to };
};

const starts = (): Tensor => device.tensor([0, 3, 7], "i32");
const cases: Readonly<Record<string, Case>> = {
  neg: one("unary", (x) => x.neg()),
  abs: one("unary", (x) => x.abs(), 0.3, 2),
  "abs of less": one("unary", (x) => x.abs(), -2, -0.3),
  exp: one("unary", (x) => x.exp()),
  log: one("unary", (x) => x.log(), 0.5, 3),
  sqrt: one("unary", (x) => x.sqrt(), 0.5, 3),
  tanh: one("unary", (x) => x.tanh()),
  relu: one("unary", (x) => x.sub(0.5).relu(), 0.6, 2),
  "relu of less": one("unary", (x) => x.relu(), -2, -0.3),
  sigmoid: one("unary", (x) => x.sigmoid()),
  add: {
    operation: "binary",
    run: (a, b) => a.add(b),
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
  },
  "add a number": one("binary", (x) => x.add(3)),
  sub: { operation: "binary", run: (a, b) => a.sub(b), shapes: [[4], [2, 1, 4]] },
  mul: { operation: "binary", run: (a, b) => a.mul(b), shapes: [[2, 3], [3]] },
  "mul by itself": one("binary", (x) => x.mul(x)),
  "mul by a number": one("binary", (x) => x.mul(-3)),
  div: {
    operation: "binary",
    run: (a, b) => a.div(b),
    shapes: [
      [3, 1],
      [3, 4],
    ],
    from: 0.7,
    to: 2,
  },
  "div by a number": one("binary", (x) => x.div(4)),
  maximum: {
    operation: "binary",
    run: (a, b) => a.maximum(b.mul(1.5)),
    shapes: [
      [5, 3],
      [5, 3],
    ],
    from: 0.2,
    to: 3,
  },
  minimum: { operation: "binary", run: (a, b) => a.minimum(b.mul(1.5)), shapes: [[5, 3], [3]], from: 0.2, to: 3 },
  "maximum with a number": one("binary", (x) => x.maximum(-5)),
  contiguous: one("cast", (x) => x.transpose().contiguous()),
  clone: one("cast", (x) => x.clone()),
  view: one("view", (x) => x.view()),
  reshape: one("reshape", (x) => x.reshape([2, 6])),
  "reshape of scattered elements": one("reshape", (x) => x.transpose().reshape([-1, 2])),
  permute: { operation: "permute", run: (x) => x.permute([2, 0, 1]), shapes: [[2, 3, 4]] },
  slice: { operation: "slice", run: (x) => x.slice(1, 1, 3), shapes: [[2, 4, 3]] },
  "slice from the end": { operation: "slice", run: (x) => x.slice(-1, -2), shapes: [[2, 4, 3]] },
  select: { operation: "select", run: (x) => x.select(1, -1), shapes: [[2, 4, 3]] },
  unsqueeze: one("unsqueeze", (x) => x.unsqueeze(1)),
  sum: one("reduce", (x) => x.sum()),
  "sum of an axis": { operation: "reduce", run: (x) => x.sum(1), shapes: [[2, 4, 3]] },
  "sum that keeps its axis": { operation: "reduce", run: (x) => x.sum(-1, true), shapes: [[2, 4, 3]] },
  prod: { operation: "reduce", run: (x) => x.prod(1), shapes: [[2, 4, 3]] },
  "prod of all": one("reduce", (x) => x.prod(), 0.5, 1.5),
  max: { operation: "reduce", run: (x) => x.max(1), shapes: [[3, 5, 2]] },
  min: one("reduce", (x) => x.min()),
  mean: { operation: "mean", run: (x) => x.mean(0), shapes: [[4, 3]] },
  "mean of all": one("mean", (x) => x.mean()),
  softmax: { operation: "softmax", run: (x) => x.softmax(), shapes: [[3, 5]] },
  "softmax of an axis": { operation: "softmax", run: (x) => x.softmax(0), shapes: [[3, 5]] },
  matmul: {
    operation: "matmul",
    run: (a, b) => a.matmul(b),
    shapes: [
      [3, 4],
      [4, 2],
    ],
  },
  "matmul, batched and broadcast": {
    operation: "matmul",
    run: (a, b) => a.matmul(b),
    shapes: [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
  },
  "matmul of a row": { operation: "matmul", run: (a, b) => a.matmul(b), shapes: [[4], [2, 4, 3]] },
  "matmul by a column": { operation: "matmul", run: (a, b) => a.matmul(b), shapes: [[2, 3, 4], [4]] },
  "matmul of two vectors": { operation: "matmul", run: (a, b) => a.matmul(b), shapes: [[4], [4]] },
  "matmul of views": {
    operation: "matmul",
    run: (a, b) => a.transpose().matmul(b.transpose()),
    shapes: [
      [4, 3],
      [2, 4],
    ],
  },
  linear: {
    operation: "linear",
    run: (x, weight, bias) => F.linear({ x, weight, bias }),
    shapes: [[2, 3, 4], [5, 4], [5]],
  },
  "linear without bias": {
    operation: "linear",
    run: (x, weight) => F.linear({ x, weight }),
    shapes: [
      [3, 4],
      [5, 4],
    ],
  },
  embedding: {
    operation: "embedding",
    run: (table) =>
      F.embedding({
        table,
        index: device.tensor(
          [
            [1, 3],
            [1, 0],
          ],
          "i32",
        ),
      }),
    shapes: [[4, 3]],
  },
  rmsNorm: { operation: "rmsNorm", run: (x, weight) => F.rmsNorm({ x, weight }).y, shapes: [[2, 3, 5], [5]] },
  layerNorm: {
    operation: "layerNorm",
    run: (x, weight, bias) => F.layerNorm({ x, weight, bias }).y,
    shapes: [[2, 3, 5], [5], [5]],
  },
  swiglu: {
    operation: "swiglu",
    run: (gate, up) => F.swiglu({ gate, up }),
    shapes: [
      [3, 4],
      [3, 4],
    ],
  },
  gelu: one("gelu", (x) => F.gelu({ x })),
  silu: one("silu", (x) => F.silu({ x })),
  scaleBy: { operation: "scaleBy", run: (x, factor) => F.scaleBy({ x, factor }), shapes: [[3, 4], [1]] },
  weightedCrossEntropy: {
    operation: "weightedCrossEntropy",
    run: (logits) => {
      const [target, weight] = [device.tensor([2, -100, 0], "i32"), device.tensor([2, 5, 0.5])];
      return F.weightedCrossEntropy({ logits, target, weight }).loss;
    },
    shapes: [[3, 4]],
  },
  dropout: one("dropout", (x) => F.dropout({ x, p: 0.5, seed: 7 })),
  rope: {
    operation: "rope",
    run: (x) => {
      const angles = [0, 0, 1, 0.1, 2, 0.2, 3, 0.3];
      const [cos, sin] = [Math.cos, Math.sin].map((f) => device.from(angles.map(f), [4, 2]));
      return F.rope({ x, position: device.tensor([0, 3, 1], "i32"), cos, sin });
    },
    shapes: [[3, 2, 4]],
  },
  attention: {
    operation: "attention",
    run: (q, k, v) => F.attention({ q, k, v, qStarts: starts(), kStarts: starts() }).o,
    shapes: [
      [7, 4, 4],
      [7, 2, 4],
      [7, 2, 4],
    ],
  },
  route: {
    operation: "route",
    run: (logits) => F.route({ logits, k: 2 }).weight,
    shapes: [[5, 4]],
  },
  "route without normalizing": {
    operation: "route",
    run: (logits) => F.route({ logits, k: 1, renormalize: false }).weight,
    shapes: [[5, 4]],
  },
  expertLinear: {
    operation: "expertLinear",
    // The second expert has no row.
    run: (x, ...weights) => F.expertLinear({ x, weights, starts: device.tensor([0, 2, 2, 5], "i32") }),
    shapes: [
      [5, 3],
      [4, 3],
      [4, 3],
      [4, 3],
    ],
  },
  crossEntropy: {
    operation: "crossEntropy",
    run: (logits) => F.crossEntropy({ logits, target: device.tensor([2, -100, 0], "i32") }).loss,
    shapes: [[3, 4]],
  },
  custom: {
    operation: "custom",
    run: (a, b) =>
      customOperation({
        name: "a²b",
        inputs: [a, b],
        forward: () => a.mul(a).mul(b),
        save: () => [a, b],
        backward: ({ dy, saved, wants }) => [
          wants(0) ? dy.mul(saved(0)).mul(saved(1)).mul(2) : undefined,
          wants(1) ? dy.mul(saved(0)).mul(saved(0)) : undefined,
        ],
      }),
    shapes: [
      [3, 2],
      [3, 2],
    ],
  },
};

function draw(seed: number, shape: Shape, from: number, to: number): Float32Array {
  const random = mulberry32(seed);
  return Float32Array.from({ length: sizeOfShape(shape) }, () => from + (to - from) * random());
}

/** Σ weights · outputs, in float64. */
async function value({ run, shapes }: Case, inputs: readonly Float32Array[], weights: Float32Array): Promise<number> {
  const result = device.scope(() => {
    const tensors = inputs.map((data, i) => device.from(data, shapes[i]));
    return run(...tensors)
      .contiguous()
      .clone();
  });
  const data = await result.data();
  result.dispose();
  return [...data].reduce((sum, x, i) => sum + x * weights[i], 0);
}

/** Gradients of Σ weights · outputs by backward, and their slopes. */
async function both(each: Case): Promise<{ found: number[][]; wanted: number[][] }> {
  const { run, shapes, from = -1, to = 1 } = each;
  const inputs = shapes.map((shape, i) => draw(17 + i, shape, from, to));
  const before = device.memoryStats().allocated.current;
  const tensors = inputs.map((data, i) => device.from(data, shapes[i]).requiresGrad_());
  const size = device.scope(() => {
    const y = run(...tensors);
    y.backward(device.from(draw(5, y.shape, -1, 1), y.shape));
    return device.empty([y.size], "u8");
  });
  const weights = draw(5, [size.size], -1, 1);
  const found: number[][] = [];
  for (const tensor of tensors) found.push([...((await tensor.grad?.data()) ?? [])]);
  for (const tensor of [size, ...tensors]) tensor.dispose();
  expect(device.memoryStats().allocated.current).toBe(before); // leaves give up their gradients with themselves
  const wanted: number[][] = [];
  for (const [i, data] of inputs.entries()) {
    const slopes: number[] = [];
    for (let at = 0; at < data.length; at++) {
      const step = 2 ** -7;
      const moved = (by: number): Float32Array[] =>
        inputs.map((d, j) => (j === i ? d.map((x, k) => (k === at ? x + by : x)) : d));
      const [up, down] = [await value(each, moved(step), weights), await value(each, moved(-step), weights)];
      const [up2, down2] = [await value(each, moved(2 * step), weights), await value(each, moved(-2 * step), weights)];
      slopes.push((8 * (up - down) - (up2 - down2)) / (12 * step));
    }
    wanted.push(slopes);
  }
  return { found, wanted };
}

describe("gradients are the slopes", () => {
  it.each(Object.entries(cases))("%s", async (_, each) => {
    const { found, wanted } = await both(each);
    for (const [i, slopes] of wanted.entries()) {
      expect(found[i]).toHaveLength(slopes.length);
      for (const [at, slope] of slopes.entries()) {
        const far = Math.abs(found[i][at] - slope) > 2e-3 * (1 + Math.abs(slope));
        if (far) expect(`input ${i}, element ${at}: ${found[i][at]}`).toBe(String(slope));
      }
    }
  });

  it("of every operation in the table", () => {
    const tried = new Set(Object.values(cases).map(({ operation }) => operation));
    const untried = Object.entries(derivatives).flatMap(([name, entry]) => (entry && !tried.has(name) ? [name] : []));
    expect(untried).toEqual([]);
  });

  it("and a derivative that is wrong by one term is found", async () => {
    const wrong: Case = { operation: "binary", run: (x) => x.mul(x).add(x.detach().mul(x).mul(0.01)), shapes: [[3]] };
    const { found, wanted } = await both(wrong);
    expect(Math.max(...found[0].map((each, i) => Math.abs(each - wanted[0][i])))).toBeGreaterThan(2e-3);
  });
});
