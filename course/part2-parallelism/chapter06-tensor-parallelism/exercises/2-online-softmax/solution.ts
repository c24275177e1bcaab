// Ring attention (Liu, Zaharia and Abbeel, 2023), joined by the rule of online softmax (Milakov and Gimelshein, 2018).
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

interface Found {
  o: Tensor;
  lse: Tensor;
}

export function join(_device: TensorDevice, a: Found, b: Found): Found {
  // Finite also where neither has keys: -Infinity less -Infinity is not a number.
  const top = a.lse.maximum(b.lse).maximum(-1e38);
  const ofA = a.lse.sub(top).exp();
  const ofB = b.lse.sub(top).exp();
  const total = ofA.add(ofB);
  // Whoever has the top has exp(0) = 1: total is 0, or at least 1.
  const share = (weight: Tensor): Tensor => weight.div(total.maximum(1)).unsqueeze(1);
  const o = a.o.mul(share(ofA)).add(b.o.mul(share(ofB)));
  return { o, lse: total.log().add(top) };
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
  const [right, left] = [(rank + 1) % size, (rank - 1 + size) % size];
  let found = attend(q, k, v);
  let block = [k, v];
  for (let step = 1; step < size; step++) {
    const keys = lengths[(rank - step + size) % size];
    const next = block.map((each) => device.empty([keys, each.shape[1]]));
    const sends = block.map((each) => world.send(each, right));
    await Promise.all([...sends, ...next.map((each) => world.recv(each, left))]);
    block = next;
    found = join(device, found, attend(q, block[0], block[1]));
  }
  return found;
}
