// The weight of b is a sigmoid of the difference, and keys travel with their values, in one message per step.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

type Found = Record<"o" | "lse", Tensor>;

export function join(device: TensorDevice, a: Found, b: Found): Found {
  const finite = (lse: Tensor): Tensor => lse.maximum(-1e30);
  const difference = finite(b.lse).sub(finite(a.lse));
  const ofB = difference.sigmoid().reshape([-1, 1]);
  const o = a.o.add(b.o.sub(a.o).mul(ofB));
  // log(e^a + e^b) is the larger of both, and log(1 + e^-|difference|).
  const rest = difference.abs().neg().exp().add(1).log();
  const lse = a.lse.maximum(b.lse).add(rest);
  void device;
  return { lse, o };
}

export async function ringAttention(
  world: ProcessGroup,
  device: TensorDevice,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  lengths: number[],
  attend: (q: Tensor, k: Tensor, v: Tensor) => Found,
): Promise<Found> {
  const { rank, size } = world;
  const all = await Promise.resolve(attend(q, k, v));
  let block = device.empty([2, ...k.shape]);
  block.select(0, 0).copy_(k);
  block.select(0, 1).copy_(v);
  let found = all;
  for (let owner = rank - 1; owner > rank - size; owner--) {
    const next = device.empty([2, lengths[(owner + size) % size], k.shape[1]]);
    const receive = world.recv(next, (rank + size - 1) % size);
    await world.send(block, (rank + 1) % size);
    await receive;
    block = next;
    found = join(device, attend(q, block.select(0, 0), block.select(0, 1)), found);
  }
  return found;
}
