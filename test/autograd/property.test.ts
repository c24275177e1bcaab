/**
 * Random programs: gradients on a device are those of the float64 twin, whatever is recomputed, put off, detached or
 * retained; the same bits on every stream; and no byte stays behind.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recompute, tapeOf } from "../../src/autograd/index.ts";
import { Value } from "../../src/autograd/twin.ts";
import { Parameter } from "../../src/nn/index.ts";
import { functional as F, type Shape, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { agree } from "../helpers/fixtures.ts";
import { draw } from "../helpers/gradcheck.ts";
import { type Line, lossOf, programs, run, type Special } from "../helpers/random-programs.ts";

afterAll(closeDevices);

const devices: Record<string, TensorDevice> = {};
beforeAll(async () => {
  for (const stream of ["inline", "deferred", "threaded"] as const)
    devices[stream] = await makeTensorDevice(0, { stream });
});

/** How backward is asked for. */
interface Way {
  /** Weights' gradients are put off. */
  readonly defer: boolean;
  /** Backward runs twice over the same graph. */
  readonly twice: boolean;
  /** Blocks are really recomputed. */
  readonly again: boolean;
}

const ways = fc.record({ defer: fc.boolean(), twice: fc.boolean(), again: fc.constant(true) });
const ends = fc.integer({ min: 1, max: 4 });

/** Two weights and an activation that need gradients, a scalar weight, and one tensor that needs none. */
const leaves: readonly { shape: Shape; kind: "weight" | "activation" | "constant" }[] = [
  { shape: [3, 4], kind: "weight" },
  { shape: [4], kind: "weight" },
  { shape: [2, 3], kind: "activation" },
  { shape: [], kind: "weight" },
  { shape: [4, 3], kind: "constant" },
];
const numbers = leaves.map(({ shape }, i) => draw(shape, 50 + i, -1, 1));

const twins: Special<Value> = {
  linear: (x, weight) => x.matmul(weight.transpose()),
  detach: (x) => new Value(x.data),
  rows: (table) => table.rows([2, 0, 2]),
  block: (kind, body, inputs) => (kind === "noGrad" ? new Value(body(...inputs).data) : body(...inputs)),
};

function specialOf(device: TensorDevice, again: boolean): Special<Tensor> {
  return {
    linear: (x, weight) => F.linear({ x: x.contiguous(), weight: weight.contiguous() }),
    detach: (x) => x.detach(),
    rows: (table) => F.embedding({ table: table.contiguous(), index: device.tensor([2, 0, 2], "i32") }),
    block: (kind, body, inputs) => {
      if (kind === "noGrad") return device.noGrad(() => body(...inputs));
      return kind === "recompute" && again ? recompute(device, body, inputs) : device.scope(() => body(...inputs));
    },
  };
}

/** Gradients of a program's leaves on a device, and its loss; what it took must be free again afterwards. */
async function onDevice(device: TensorDevice, program: readonly Line[], count: number, { defer, twice, again }: Way) {
  const own = leaves.map(({ shape, kind }, i) => {
    if (kind !== "weight") {
      const tensor = device.from(numbers[i].data, shape);
      return kind === "activation" ? tensor.requiresGrad_() : tensor;
    }
    const weight = new Parameter(device, shape, { empty: true });
    return device.noGrad(() => weight.copy_(device.from(numbers[i].data, shape)));
  });
  const start = device.memoryStats().allocated.current;
  const loss = device.scope(() => {
    const loss = lossOf(run(program, own, specialOf(device, again)), count);
    if (!loss.requiresGrad) return loss;
    const backward = (): void => {
      if (twice) loss.backward(undefined, { retainGraph: true });
      loss.backward();
    };
    if (defer) tapeOf(device).deferWeights(backward).run();
    else backward();
    return loss.detach();
  });
  const value = await loss.item();
  const gradients = await Promise.all(own.map(async ({ grad }) => (grad ? [...(await grad.data())] : null)));
  loss.dispose();
  for (const leaf of own) if (leaf.requiresGrad) leaf.grad = null;
  const left = device.memoryStats().allocated.current - start;
  for (const leaf of own) leaf.dispose();
  return { value, gradients, left };
}

/** The same by the twin. */
function onTwin(program: readonly Line[], count: number, twice: boolean) {
  const own = numbers.map((plain) => new Value(plain));
  const loss = lossOf(run(program, own, twins), count);
  for (let i = 0; i < (twice ? 2 : 1); i++) loss.backward();
  const gradients = own.map(({ grad }, i) => (grad && leaves[i].kind !== "constant" ? [...grad.data] : null));
  return { value: loss.data.data[0], gradients };
}

describe("random programs", () => {
  it("have the twin's gradients, and leave no byte behind", async () => {
    const property = fc.asyncProperty(programs, ends, ways, async (program, count, way) => {
      const { value, gradients, left } = await onDevice(devices.inline, program, count, way);
      const wanted = onTwin(program, count, way.twice);
      agree("the loss", [value], [wanted.value], 1e-4, 1);
      for (const [i, gradient] of wanted.gradients.entries()) {
        if (gradient === null || gradients[i] === null) expect(gradients[i], `leaf ${i}`).toEqual(gradient);
        else {
          const size = Math.max(1, ...gradient.map(Math.abs));
          agree(`the gradient of leaf ${i}`, gradients[i], gradient, 1e-4, size);
        }
      }
      expect(left).toBe(0);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it("give the same bits when parts are recomputed, or gradients of weights put off, and on every stream", async () => {
    const property = fc.asyncProperty(programs, ends, ways, async (program, count, way) => {
      const wanted = await onDevice(devices.inline, program, count, { ...way, defer: false, again: false });
      for (const device of Object.values(devices)) expect(await onDevice(device, program, count, way)).toEqual(wanted);
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
