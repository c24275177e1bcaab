/** Operations and gradients on a device against what PyTorch computed, and optimizers, clipping and the schedule of nn. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Adam, AdamW, clipGradNorm_, Parameter, SGD, warmupCosine } from "../../src/nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { agree, type Case, fixtures } from "../helpers/fixtures.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(0);
});

/** Some roundings of f32, of numbers up to 1 that sums are made of. */
const near = 3e-6;
const floor = 1;

type Run = (x: Record<string, Tensor>, options: Record<string, never>) => Tensor;
/** Both operands, or one and a number. */
const pair =
  (f: (a: Tensor, b: Tensor | number) => Tensor): Run =>
  ({ a, b }, { other }) =>
    f(a, b ?? other);
const along =
  (f: (x: Tensor, axis?: number, keepdim?: boolean) => Tensor): Run =>
  ({ x }, { axis, keepdim }) =>
    f(x, axis, keepdim);

/** Cases that the library has no function of its own for. */
const others: readonly string[] = [];

/** Each of the other operations of the file. */
const runs: Readonly<Record<string, Run>> = {
  routing: ({ logits }, { k, renormalize }) => {
    const { chosen, weight } = F.route({ logits, k: Number(k), renormalize: Boolean(renormalize) });
    const hot = chosen.unsqueeze(-1).eq(device.arange(logits.shape[1], "i32")).to("f32");
    return hot.mul(weight.unsqueeze(-1)).sum(1);
  },
  neg: ({ x }) => x.neg(),
  abs: ({ x }) => x.abs(),
  exp: ({ x }) => x.exp(),
  log: ({ x }) => x.log(),
  sqrt: ({ x }) => x.sqrt(),
  tanh: ({ x }) => x.tanh(),
  relu: ({ x }) => x.relu(),
  sigmoid: ({ x }) => x.sigmoid(),
  silu: ({ x }) => x.mul(x.sigmoid()),
  gelu: ({ x }) => F.gelu({ x }),
  add: pair((a, b) => a.add(b)),
  sub: pair((a, b) => a.sub(b)),
  mul: pair((a, b) => a.mul(b)),
  div: pair((a, b) => a.div(b)),
  minimum: pair((a, b) => a.minimum(b)),
  maximum: pair((a, b) => a.maximum(b)),
  sum: along((x, axis, keepdim) => x.sum(axis, keepdim)),
  mean: along((x, axis, keepdim) => x.mean(axis, keepdim)),
  prod: along((x, axis, keepdim) => x.prod(axis, keepdim)),
  max: along((x, axis, keepdim) => x.max(axis, keepdim)),
  min: along((x, axis, keepdim) => x.min(axis, keepdim)),
  softmax: ({ x }, { axis }) => x.softmax(axis),
  matmul: ({ a, b }) => a.matmul(b),
  linear: ({ x, weight, bias }) => F.linear({ x, weight, bias }),
  reshape: ({ x }, { shape }) => x.reshape(shape),
  flatten: ({ x }) => x.flatten(),
  transpose: ({ x }, { a, b }) => x.transpose(a, b),
  permute: ({ x }, { order }) => x.permute(order),
  slice: ({ x }, { axis, from, to }) => x.slice(axis, from, to),
  select: ({ x }, { axis, index }) => x.select(axis, index),
  unsqueeze: ({ x }, { axis }) => x.unsqueeze(axis),
  embedding: ({ table, index }) => F.embedding({ table, index }),
  crossEntropy: ({ logits, target }, { ignored, reduction }) => {
    const { loss } = F.crossEntropy({ logits, target, ignored });
    return reduction === "sum" ? loss.sum() : loss;
  },
  rmsNorm: ({ x, weight }, { eps }) => F.rmsNorm({ x, weight, eps }).y,
  layerNorm: ({ x, weight, bias }, { eps }) => F.layerNorm({ x, weight, bias, eps }).y,
  swiglu: ({ gate, up }) => F.swiglu({ gate, up }),
  rope: ({ x, position }, { base }) => {
    const half = x.shape[2] / 2;
    const angles = Array.from({ length: 8 * half }, (_, i) => Math.floor(i / half) * base ** (-(i % half) / half));
    const [cos, sin] = [Math.cos, Math.sin].map((f) => device.from(angles.map(f), [8, half]));
    return F.rope({ x, position, cos, sin });
  },
  attention: ({ q, k, v }, { causal, starts }) => {
    const boundaries = device.tensor(starts, "i32");
    return F.attention({ q, k, v, qStarts: boundaries, kStarts: boundaries, causal }).o;
  },
};

async function check({ operation, inputs, options, output, upstream, gradients }: Case, run: Run): Promise<void> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data, dtype }] of Object.entries(inputs)) {
    tensors[name] = device.from(data, shape, dtype);
    if (!dtype) tensors[name].requiresGrad_();
  }
  const y = run(tensors, options as Record<string, never>);
  expect(y.shape).toEqual(output.shape);
  agree(`${operation}'s output`, await y.data(), output.data, near, floor);
  y.backward(device.from(upstream, output.shape));
  for (const [name, wanted] of Object.entries(gradients)) {
    const gradient = tensors[name].grad;
    expect(gradient?.shape).toEqual(tensors[name].shape);
    agree(`${operation}'s gradient of ${name}`, await (gradient as Tensor).data(), wanted, near, floor);
  }
}

describe("operations on a device agree with PyTorch", () => {
  it("every operation of the file is tried", () => {
    expect(new Set(fixtures.cases.map((each) => each.operation))).toEqual(new Set([...Object.keys(runs), ...others]));
  });

  it.each(Object.entries(runs))("%s", async (operation, run) => {
    for (const each of fixtures.cases) if (each.operation === operation) await check(each, run);
  });
});

describe("optimizers agree with PyTorch", () => {
  const named = fixtures.optimizers.map((each) => [`${each.optimizer} ${JSON.stringify(each.options)}`, each] as const);
  it.each(named)("%s", async (_, { optimizer, options, clip, initial, gradients, norms, parameters }) => {
    const weights = initial.map(({ shape, data }) => {
      const parameter = new Parameter(device, shape);
      device.noGrad(() => parameter.copy_(device.from(data, shape)));
      return parameter;
    });
    const made = { SGD, Adam, AdamW }[optimizer];
    const own = new made(weights, options);
    for (const [step, given] of gradients.entries()) {
      for (const [i, weight] of weights.entries()) weight.grad = device.from(given[i], weight.shape);
      agree("the norm", [await clipGradNorm_(weights, clip ?? 1e30).item()], [norms[step]], near);
      own.step();
      for (const [i, weight] of weights.entries())
        agree(`parameter ${i} after step ${step + 1}`, await weight.data(), parameters[step][i], 2e-5, 0.1);
    }
    own.dispose();
  });

  it("25 learning rates", () => {
    const { options, values } = fixtures.schedule;
    const { peak, least: lowest, warmup, steps: total } = options;
    agree(
      "the schedule",
      values.map((_, step) => warmupCosine({ peak, warmup, total, floor: lowest }, step)),
      values,
      1e-14,
    );
  });
});
