/** What is checked before every launch: how many scalars there are, and how far each buffer reaches. */
import type { Kernel, KernelName } from "./kernels/index.ts";
import { addressOf, type Buffer } from "./memory/buffer.ts";

/** A place in a buffer. */
export interface Ref {
  readonly buffer: Buffer;
  /** Bytes from the buffer's start. */
  readonly offset: number;
}

/** The error for a launch with too few scalars, or too many. */
export function wrongScalars(name: KernelName, kernel: Kernel, scalars: readonly number[]): RangeError {
  const wanted = `${kernel.scalars.length} scalars (${kernel.scalars.join(", ")})`;
  return new RangeError(`Kernel ${name} takes ${wanted}, but was launched with ${scalars.length}.`);
}

/** The address of a kernel's argument. @throws RangeError when the buffer is too short; Error when it is in use or freed. */
export function checked(
  name: KernelName,
  argument: number,
  { buffer, offset }: Ref,
  bytes: number,
  write: boolean,
): number {
  const address = addressOf(buffer);
  const end = offset + bytes;
  if (offset < 0 || end > buffer.bytes) {
    throw new RangeError(
      `Kernel ${name} would touch bytes ${offset} to ${end} of argument ${argument}, a buffer of ${buffer.bytes} bytes.`,
    );
  }
  if (buffer.holds.length > 0) buffer.checkHolds(offset, end, write);
  return address + offset;
}
