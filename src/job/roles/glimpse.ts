/** What lies in a tensor's memory while a program runs: a few of its elements, for those who step through a run. */
import { addressOf, type KernelRuntime, sizeOf } from "../../device/index.ts";
import { decode } from "../../tensor/index.ts";
import type { Look } from "../../world/index.ts";

/** @param most elements that are kept: all of a small buffer, else those from the operation's part on. */
export function lookInto(runtime: KernelRuntime, most: number): Look {
  return ({ buffer, offset, size: count, dtype }) => {
    const width = sizeOf(dtype);
    const size = Math.floor(buffer.bytes / width);
    const from = Math.floor(offset / width);
    const first = size <= most ? 0 : Math.min(from, size - most);
    const start = addressOf(buffer) + first * width;
    const end = start + Math.min(size, most) * width;
    const bytes = runtime.pool.memory.bytes(end).slice(start, end);
    return { dtype, size, from, to: from + count, first, values: [...decode(bytes as Uint8Array<ArrayBuffer>, dtype)] };
  };
}
