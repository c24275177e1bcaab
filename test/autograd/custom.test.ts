/** Operations of one's own: gradients pass, what they compute inside is not entered, mistakes are named. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { customOperation, tapeOf } from "../../src/autograd/index.ts";
import { Parameter } from "../../src/nn/index.ts";
import type { Tensor, TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);
let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(3);
});

/** Three times x, with a gradient that is not its slope: so it is seen whose derivative counts. */
const triple = (x: Tensor): Tensor =>
  customOperation({
    name: "triple",
    inputs: [x],
    forward: () => x.mul(3),
    backward: ({ dy }) => [dy.mul(100)],
  });

it("has the derivative that it says, and not that of what it is made of", async () => {
  const x = device.tensor([1, 2]).requiresGrad_();
  const y = triple(x.mul(1));
  expect(await y.toArray()).toEqual([3, 6]);
  y.sum().backward();
  expect(await x.grad?.toArray()).toEqual([100, 100]);
  const plain = triple(device.tensor([1, 2]));
  expect(plain.requiresGrad).toBe(false);
});

it("gives what is wanted only: a place without a gradient stays null", async () => {
  const [a, b] = [device.tensor([2]).requiresGrad_(), device.tensor([5]).requiresGrad_()];
  const asked: boolean[][] = [];
  const left = (x: Tensor, y: Tensor): Tensor =>
    customOperation({
      name: "left",
      inputs: [x, y],
      forward: () => x.mul(y),
      backward: ({ dy, wants }) => {
        asked.push([wants(0), wants(1)]);
        return [dy.mul(7)];
      },
    });
  left(a, b).backward();
  left(a, b.detach()).backward();
  expect(asked).toEqual([
    [true, true],
    [true, false],
  ]);
  expect(await a.grad?.toArray()).toEqual([14]);
  expect(b.grad).toBeNull();
});

it("a leaf that gets nothing in a pass is not ready in it, whether it has a gradient or none", async () => {
  const [a, b] = [device.tensor([2]).requiresGrad_(), device.tensor([5]).requiresGrad_()];
  const fired: string[] = [];
  a.registerPostAccumulateGradHook(() => fired.push("a"));
  b.registerPostAccumulateGradHook(() => fired.push("b"));
  const first = (x: Tensor, y: Tensor): Tensor =>
    customOperation({ name: "first", inputs: [x, y], forward: () => x.mul(y), backward: ({ dy }) => [dy] });
  first(a, b).backward();
  first(a, b.mul(3)).backward(); // what leads to b gets nothing, either
  expect([fired.join(), b.grad]).toEqual(["a,a", null]);
  b.backward();
  first(a, b).backward();
  expect(fired).toEqual(["a", "a", "b", "a"]);
  expect(await b.grad?.item()).toBe(1);
});

it("knows when a value that it saved was changed", () => {
  const x = device.tensor([2]).requiresGrad_();
  const factor = device.tensor([4]);
  const scaled = customOperation({
    name: "scaled",
    inputs: [x],
    forward: () => x.mul(factor),
    save: () => [factor],
    backward: ({ dy, saved }) => [dy.mul(saved(0))],
  });
  device.noGrad(() => factor.add_(1));
  expect(() => scaled.backward()).toThrow(/changed/);
});

it("refuses gradients that belong to no input, and operations without any", () => {
  const x = device.tensor([2]).requiresGrad_();
  const wrong = customOperation({
    name: "wrong",
    inputs: [x],
    forward: () => x.mul(1),
    backward: ({ dy }) => [dy, dy],
  });
  expect(() => wrong.backward()).toThrow("wrong gave 2 gradients for 1 inputs.");
  expect(() => customOperation({ name: "none", inputs: [], forward: () => x, backward: () => [] })).toThrow(
    "none has no input that gradients could flow to.",
  );
});

it("gradients of weights can be put off, as any other's", async () => {
  const w = new Parameter(device, [1]);
  const x = device.tensor([3]).requiresGrad_();
  const product = customOperation({
    name: "product",
    inputs: [x, w],
    forward: () => x.mul(w),
    backward: ({ dy, wants }) => [wants(0) ? dy.mul(10) : undefined, wants(1) ? dy.mul(20) : undefined],
  });
  const later = tapeOf(device).deferWeights(() => product.backward());
  expect(await x.grad?.toArray()).toEqual([10]);
  expect([later.size, w.grad]).toEqual([1, null]);
  later.run();
  expect(await w.grad?.toArray()).toEqual([20]);
});
