// Promises can be chained as well as awaited.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  return x
    .sum()
    .item()
    .then((sum) => device.tensor([sum, x.size]))
    .then((pair) => world.allReduce(pair).then(() => pair.toArray()))
    .then((pair) => (pair as number[])[0] / (pair as number[])[1]);
}
