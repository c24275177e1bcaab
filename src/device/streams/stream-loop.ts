/** A stream's thread: takes commands from the ring, in order, until it is told to stop. */
import type { SharedMemory } from "../../platform/memory.ts";
import { GraphReader } from "../graph.ts";
import { type Execute, kernelFailure } from "../kernels/execute.ts";
import { CommandRing, GRAPH, REPORT, STOP, STREAMS, WAIT_FLAG, WAIT_STREAM } from "./command-ring.ts";

/**
 * Serves the ring at an address; returns after STOP.
 * @param execute runs a kernel. @param spins looks at what is awaited before the thread sleeps.
 * @param report tells the host what was recorded.
 */
export function serveStream(
  memory: SharedMemory,
  address: number,
  execute: Execute,
  spins: number,
  report: () => void = () => {},
): void {
  const ring = new CommandRing(memory, address);
  const graphs = new GraphReader(memory);
  const args: number[] = [];
  let position = ring.tail;
  /** After a failure, kernels are passed over; waits still wait, so that order holds. */
  const run = (kernel: number, values: readonly number[]): void => {
    if (ring.failed) return;
    try {
      execute(kernel, values);
    } catch (thrown) {
      ring.fail(position, kernelFailure(kernel, thrown));
    }
  };
  for (;;) {
    if (ring.head === position) ring.awaitCommand(position, spins);
    const code = ring.read(position, args);
    if (code >= 0) run(code, args);
    else if (code === WAIT_STREAM) new CommandRing(memory, args[0]).block(STREAMS + args[2], args[1], spins);
    else if (code === WAIT_FLAG) awaitFlag(memory, args[0], spins);
    else if (code === REPORT) report();
    else if (code === GRAPH) graphs.run(args[0], args[1], run);
    position = (position + 1) | 0;
    ring.retire(position);
    if (code === STOP) return;
  }
}

/** Waits until the word at a byte address is not 0. */
function awaitFlag(memory: SharedMemory, address: number, spins: number): void {
  const word = memory.words(address, 1);
  for (let i = 0; i < spins; i++) if (Atomics.load(word, 0) !== 0) return;
  while (Atomics.load(word, 0) === 0) Atomics.wait(word, 0, 0);
}
