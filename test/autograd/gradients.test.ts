/** Gradients of every operation against finite differences. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(0);
});

it("a first chain", async () => {
  const x = device.tensor([1, 2, 3]).requiresGrad_();
  const w = device.tensor([2, 0.5, -1]).requiresGrad_();
  const loss = x.mul(w).exp().sum();
  loss.backward();
  console.log(await x.grad?.toArray(), await w.grad?.toArray());
  expect(await x.grad?.toArray()).toEqual(
    [2 * Math.exp(2), 0.5 * Math.exp(1), -Math.exp(-3)].map((v) => expect.closeTo(v, 4)),
  );
});

it("linear, tied", async () => {
  const x = device.tensor([[1.1, -0.7]]).requiresGrad_();
  const w = device
    .tensor([
      [0.4, -0.2],
      [0.7, 0.3],
    ])
    .requiresGrad_();
  const loss = x.matmul(w).matmul(w).sum();
  expect(await loss.item()).toBeCloseTo(-0.44);
  loss.backward();
  console.log(await x.grad?.toArray(), await w.grad?.toArray());
});
