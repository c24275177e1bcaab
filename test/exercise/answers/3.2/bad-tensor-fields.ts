// value is what the all_reduce left in its tensor.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, _device: TensorDevice, x: Tensor) {
  const index = await x.argmax().item();
  const own = await x.max().item();
  const value = x.max();
  await world.allReduce(value, "max");
  const holders = await world.allGatherObject(own === (await value.item()));
  const rank = holders.indexOf(true);
  return { value, rank, index: await world.broadcastObject(index, rank) } as unknown as {
    value: number;
    rank: number;
    index: number;
  };
}
