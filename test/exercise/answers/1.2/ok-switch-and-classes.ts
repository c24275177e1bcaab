// Roles are classes.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  class Sender {
    async work(): Promise<number> {
      const square = device.tensor([rank], "i32");
      square.mul_(square.clone());
      if (rank + 1 < size) await world.send(square, rank + 1);
      return square.item();
    }
  }
  class Receiver {
    async work(): Promise<number> {
      const inbox = device.tensor([rank], "i32");
      const got = device.empty([1], "i32");
      await world.recv(got, rank - 1);
      return inbox.add(got).item();
    }
  }
  return rank % 2 === 0 ? new Sender().work() : new Receiver().work();
}
