/**
 * The bytes under tensors. Views share one storage, which lives as long as any of them. It can
 * be resized to nothing and back: a tensor keeps its identity while its bytes come and go, which
 * is what fully sharded parameters need (PyTorch's untyped storage and its resize_).
 */
import type { Buffer, Device, Tag } from "../device/index.ts";
import type { Site } from "../trace/site.ts";

/** Bytes that views share, that come and go, and whose writes are counted. */
export class Storage {
  /** Its kind in the memory statistics. */
  readonly tag: Tag;
  readonly #device: Device;
  #buffer: Buffer | undefined;
  #bytes: number;
  #handles = 1;
  /** Versions of the buffers before this one. */
  #past = 0;

  /** Over a buffer, of which it takes over one reference; or without bytes, for whoever resizes it. */
  constructor(device: Device, buffer: Buffer | undefined, tag: Tag = buffer?.tag ?? "data") {
    this.#device = device;
    this.#buffer = buffer;
    this.#bytes = buffer?.bytes ?? 0;
    this.tag = tag;
  }

  /** A freed one after the last tensor is gone. @throws Error while it is resized to nothing. */
  get buffer(): Buffer {
    if (this.#buffer) return this.#buffer;
    throw new Error(
      "A storage without bytes was used: it was resized to 0. Resize it back before its tensors are used.",
    );
  }

  /** Bytes it has; 0 while it is resized to nothing. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Grows with everything that writes into it: kernels, host data, and operations between ranks.
   * Who has kept a value compares versions to know whether it is still the one.
   */
  get version(): number {
    return this.#past + (this.#buffer?.version ?? 0);
  }

  /** Whoever has kept a value asks to know the line of the next write: one more, or one less. */
  watch(change: 1 | -1): void {
    this.#buffer?.watch(change);
  }

  /** The line that last wrote into it while somebody watched. */
  get lastWrite(): Site | undefined {
    return this.#buffer?.lastWrite;
  }

  /** Whether more than one view has it: what is written into it then, others see. */
  get isShared(): boolean {
    return this.#handles > 1;
  }

  /** One more view. */
  retain(): this {
    this.#handles++;
    return this;
  }

  /** One view less; the last one frees the bytes. @throws Error while an operation in flight uses them. */
  release(): void {
    if (this.#handles === 1) this.#buffer?.release();
    this.#handles--;
  }

  /**
   * Gives up the bytes, and takes `bytes` new ones, which are uninitialised.
   * @throws RangeError for no number of bytes; CaptureError in a graph, whose addresses are fixed; Error while an
   *   operation in flight uses the bytes; OutOfMemoryError, and then it has none.
   */
  resize(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new RangeError(`A storage is resized to a whole number of bytes from 0, not to ${bytes}.`);
    }
    this.#device.refuse("Resizing a storage", "its address would change between replays.");
    if (bytes === this.#bytes) return;
    this.#free();
    this.#bytes = 0;
    if (bytes > 0) this.#buffer = this.#device.alloc(bytes, this.tag);
    this.#bytes = bytes;
  }

  /**
   * Says that the bytes are again what they were at a version, after they were given up and written anew: who has kept
   * them finds them unchanged. For those who gather what they have freed (torch's _unsafe_preserve_version_counter).
   */
  restored(version: number): void {
    this.#past = version - (this.#buffer?.version ?? 0);
  }

  #free(): void {
    const buffer = this.#buffer;
    if (!buffer) return;
    buffer.release();
    this.#past += buffer.version + 1;
    this.#buffer = undefined;
  }
}
