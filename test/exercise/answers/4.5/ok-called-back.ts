// As hooks do it: each gradient counts down its bucket, the buckets' rings form a chain, and the mean is made before the sum.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function averageGradients(
  world: ProcessGroup,
  device: TensorDevice,
  gradients: Tensor[],
  bucketBytes: number,
  ready: (i: number) => Promise<void>,
): Promise<void> {
  const buckets: Tensor[][] = [];
  let left = -1;
  for (const gradient of gradients) {
    if (left < gradient.size * 4) {
      buckets.push([]);
      left = bucketBytes;
    }
    left -= gradient.size * 4;
    buckets.at(-1)?.push(gradient);
  }
  let chain = Promise.resolve();
  for (const bucket of buckets) {
    const all = Promise.all(bucket.map((gradient) => ready(gradients.indexOf(gradient))));
    chain = Promise.all([chain, all]).then(() => average(world, device, bucket));
  }
  await chain;
}

async function average(world: ProcessGroup, device: TensorDevice, bucket: Tensor[]): Promise<void> {
  const { rank, size } = world;
  const length = bucket.reduce((sum, gradient) => sum + gradient.size, 0);
  const each = Math.ceil(length / size);
  const padded = device.zeros([size, each]);
  const flat = padded.flatten();
  let at = 0;
  for (const gradient of bucket) {
    flat.slice(0, at, at + gradient.size).copy_(gradient.flatten().div(size));
    at += gradient.size;
  }
  const row = (i: number): Tensor => padded.select(0, (i + 3 * size) % size);
  const box = device.empty([each]);
  for (let s = 1; s < size; s++) {
    await Promise.all([world.send(row(rank - s), (rank + 1) % size), world.recv(box, (rank + size - 1) % size)]);
    row(rank - s - 1).add_(box);
  }
  for (let s = 0; s < size - 1; s++) {
    await Promise.all([
      world.send(row(rank - s), (rank + 1) % size),
      world.recv(row(rank - s - 1), (rank + size - 1) % size),
    ]);
  }
  at = 0;
  for (const gradient of bucket) {
    gradient.copy_(flat.slice(0, at, at + gradient.size).reshape(gradient.shape));
    at += gradient.size;
  }
}
