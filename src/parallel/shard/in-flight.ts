/** Messages of units, and the memory that they fill. */
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { Work } from "../../world/index.ts";

/** A message that is on its way. */
export interface InFlight {
  readonly work: Work<unknown>;
  /** What it fills. */
  readonly target: Tensor;
  /** What it reads. */
  readonly source: Tensor;
}

/**
 * The stream waits for a message, whose source is given up. A host that runs ahead of a stream in a thread waits, too:
 * else it would fetch unit after unit, and their memory would be there all at once (FSDP's limit on all-gathers).
 */
export function receive(device: TensorDevice, { work, source }: InFlight): void {
  work.wait();
  if (device.stream.mode === "threaded" && !work.done) {
    device.stream.record().block();
    void work.then(settled, settled); // polls: what it has held is given up
  }
  source.dispose();
}

/** Whoever else waits for it is told how it ended. */
const settled = (): void => {};
