/** What goes round a ring of ranks: every rank hands on what it has to the next one, and gets what the one before it had. */
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";

/**
 * Hands a tensor on to the next rank. It must stay as it is until `arrived` is called.
 * @returns a function that lets the stream wait, and gives what came from the rank before.
 */
export function passOn(x: Tensor, group: ProcessGroup): () => Tensor {
  const { rank, size } = group;
  const received = (x.device as TensorDevice).empty(x.shape, x.dtype);
  // Both are issued before either is waited for: no rank waits for another that has not begun.
  const works = [group.send(x, (rank + 1) % size), group.recv(received, (rank + size - 1) % size)];
  return () => {
    for (const work of works) work.wait();
    return received;
  };
}

/**
 * What all ranks have, one after the other: first one's own, then that of the rank before, and so on. While one is used,
 * the next is on its way; it is freed when the next is asked for. @param own contiguous; it is taken over.
 */
export function* around(own: Tensor, group: ProcessGroup): Generator<Tensor, void, void> {
  let held = own;
  for (let left = group.size - 1; left > 0; left--) {
    const arrived = passOn(held, group);
    yield held;
    const next = arrived();
    held.dispose();
    held = next;
  }
  yield held;
}
