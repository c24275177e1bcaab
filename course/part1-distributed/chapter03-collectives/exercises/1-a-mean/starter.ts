// Exercise 3.1: the mean of numbers that are spread over the ranks, unevenly.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const own = x.mean();
  await world.allReduce(own, "mean"); // the mean of the ranks' means: is that the same?
  return await own.item();
}
