// Owners offer rank and index in one whole number; the smallest wins.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, device: TensorDevice, x: Tensor) {
  const most = device.tensor([x.size], "i32");
  const top = x.max();
  await Promise.all([world.allReduce(most, "max"), world.allReduce(top, "max")]);
  const value = await top.item();
  const room = await most.item();
  const index = (await x.data()).indexOf(value);
  const offer = device.tensor([index < 0 ? world.size * room : world.rank * room + index], "i32");
  await world.allReduce(offer, "min");
  const code = await offer.item();
  return { value, rank: Math.floor(code / room), index: code % room };
}
