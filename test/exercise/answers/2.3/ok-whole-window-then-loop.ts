// Works in a list, each awaited in a loop of its own; the curves in the other order.
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
    let left = rounds;
    while (left > 0) {
      const works = [];
      for (const x of tensors) works.push(world.rank === 0 ? world.send(x, 1) : world.recv(x, 0));
      for (const work of works) await work;
      left -= works.length;
    }
    figures.push(((now() - start) * 1000) / rounds);
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
      { name: "windowed", y: [...b] },
      { name: "blocking", y: [...a] },
    ],
    `µs a message of ${sizes} bytes`,
  );
}
