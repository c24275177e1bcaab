// The last rank collects, divides, and tells all.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

class Root {
  readonly world: ProcessGroup;

  constructor(world: ProcessGroup) {
    this.world = world;
  }

  async divide(pair: Tensor): Promise<number> {
    const root = this.world.size - 1;
    await this.world.reduce(pair, root, "sum");
    const [sum, count] = (await pair.toArray()) as number[];
    return this.world.broadcastObject(sum / count, root);
  }
}

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  return new Root(world).divide(device.tensor([x.size === 0 ? 0 : await x.sum().item(), x.size]));
}
