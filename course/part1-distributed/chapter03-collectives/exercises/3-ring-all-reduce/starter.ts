// Exercise 3.3: an all_reduce of your own.
//
// Every rank's x, a flat tensor of f32, must become the sum of all ranks', in place. Use
// world.send and world.recv alone. Each rank may talk to its neighbours in the ring only, and
// send 2 (n - 1) messages, 2 (n - 1)/n of the buffer, however many ranks there are. x.size need not be divisible
// by world.size.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank - 1 + size) % size;

  // What one step looks like: send to the right, receive from the left, at the same time.
  if (size > 1) {
    const incoming = device.empty([x.size]);
    await Promise.all([world.send(x, right), world.recv(incoming, left)]);
    x.add_(incoming);
  }

  // Phase 1: n - 1 steps; every chunk travels around and collects a sum.

  // Phase 2: n - 1 steps; every finished chunk travels around once more.
}
