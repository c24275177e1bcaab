// The same messages, one at a time and four at a time.
import type { ProcessGroup, Show, TensorDevice } from "worldsize";

type Clock = () => number;

/** Microseconds per message, with `window` of them in flight. */
async function measure(
  world: ProcessGroup,
  device: TensorDevice,
  sizes: number[],
  rounds: number,
  now: Clock,
  window: number,
): Promise<number[]> {
  const figures: number[] = [];
  if (world.rank > 1) return figures;
  for (const bytes of sizes) {
    const tensors = Array.from({ length: window }, () => device.zeros([bytes], "u8"));
    const start = now();
    for (let sent = 0; sent < rounds; sent += window) {
      await Promise.all(tensors.map((x) => (world.rank === 0 ? world.send(x, 1) : world.recv(x, 0))));
    }
    figures.push(((now() - start) * 1000) / rounds);
    for (const x of tensors) x.dispose();
  }
  return figures;
}

export async function blocking(
  world: ProcessGroup,
  device: TensorDevice,
  sizes: number[],
  rounds: number,
  now: Clock,
): Promise<number[]> {
  return measure(world, device, sizes, rounds, now, 1);
}

export async function windowed(
  world: ProcessGroup,
  device: TensorDevice,
  sizes: number[],
  rounds: number,
  now: Clock,
): Promise<number[]> {
  return measure(world, device, sizes, rounds, now, 4);
}

export function draw(show: Show, sizes: number[], a: number[], b: number[]): void {
  show.plot(
    [
      { name: "blocking", y: a },
      { name: "windowed", y: b },
    ],
    `Microseconds per message of ${sizes.join(", ")} bytes`,
  );
}
