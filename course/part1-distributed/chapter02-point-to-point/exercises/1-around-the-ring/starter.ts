// Exercise 2.1: every rank's number goes around the ring, and every rank writes down what passes.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank - 1 + size) % size;
  const result: number[] = Array(size).fill(0);
  result[rank] = value;
  // n - 1 steps: pass on to the right what you received last, receive from the left, write it down.
  return result;
}
