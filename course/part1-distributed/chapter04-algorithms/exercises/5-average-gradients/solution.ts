// Gradients in buckets, a ring all_reduce for each: what DistributedDataParallel does during backward.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function averageGradients(
  world: ProcessGroup,
  device: TensorDevice,
  gradients: Tensor[],
  bucketBytes: number,
  ready: (i: number) => Promise<void>,
): Promise<void> {
  // While one bucket travels, backward makes the gradients of the next.
  for (const bucket of bucketsOf(gradients, bucketBytes)) {
    for (const i of bucket) await ready(i);
    const parts = bucket.map((i) => gradients[i]);
    const flat = device.empty([parts.reduce((sum, { size }) => sum + size, 0)]);
    let at = 0;
    for (const part of parts) flat.slice(0, at, (at += part.size)).copy_(part.flatten());
    await ringAllReduce(world, device, flat);
    flat.div_(world.size);
    at = 0;
    for (const part of parts) part.copy_(flat.slice(0, at, (at += part.size)).reshape(part.shape));
    flat.dispose();
  }
}

/** Indices of the gradients in each bucket: consecutive ones, as many as fit. */
function bucketsOf(gradients: Tensor[], bucketBytes: number): number[][] {
  const buckets: number[][] = [];
  let bytes = 0;
  for (const [i, { size }] of gradients.entries()) {
    if (i === 0 || bytes + 4 * size > bucketBytes) {
      buckets.push([]);
      bytes = 0;
    }
    buckets[buckets.length - 1].push(i);
    bytes += 4 * size;
  }
  return buckets;
}

/** Exercise 3.3. */
async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank - 1 + size) % size;
  const start = (c: number): number => Math.floor((x.size * c) / size);
  const chunk = (i: number): Tensor => {
    const c = (i + 2 * size) % size;
    return x.slice(0, start(c), start(c + 1));
  };
  for (let step = 0; step < size - 1; step++) {
    const sum = chunk(rank - step - 1);
    const incoming = device.empty([sum.size]);
    await Promise.all([world.send(chunk(rank - step), right), world.recv(incoming, left)]);
    sum.add_(incoming);
    incoming.dispose();
  }
  for (let step = 0; step < size - 1; step++) {
    await Promise.all([world.send(chunk(rank + 1 - step), right), world.recv(chunk(rank - step), left)]);
  }
}
