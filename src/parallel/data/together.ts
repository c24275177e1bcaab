/**
 * Ranks that have unequally many batches take equally many steps (torch's Join): whoever has run out goes on with
 * nothing until the last one has, so that no operation between ranks waits for somebody who left.
 */
import type { TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";

/**
 * The batches of this rank, and then `undefined` while another rank still has some. A rank without a batch takes part in
 * the step all the same: it synchronizes, with no gradients, or computes on an empty batch where forward needs all ranks.
 * One number is reduced for each step.
 */
export async function* together<B>(
  device: TensorDevice,
  group: ProcessGroup,
  batches: Iterable<B> | AsyncIterable<B>,
): AsyncGenerator<B | undefined> {
  const iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  try {
    for (;;) {
      const next = await iterator.next();
      const mine = next.done ? undefined : next.value;
      using left = device.unscoped(() => device.full([1], next.done ? 0 : 1, "i32"));
      await group.allReduce(left, "max");
      if ((await left.item()) === 0) return;
      yield mine;
    }
  } finally {
    await iterator.return?.();
  }
}
