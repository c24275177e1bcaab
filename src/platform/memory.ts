/**
 * The one memory of a node: a shared WebAssembly.Memory that every rank of the process
 * sees, as the GPUs of a server see each other over NVLink. Growing it never moves it,
 * but a typed array made before the growth stays short; `bytes()` hands out a view that
 * is long enough.
 */

/** Bytes of a WebAssembly page. */
export const PAGE = 65536;
/** Most bytes a 32-bit memory can have. */
export const MAX_MEMORY = 65536 * PAGE;

export class SharedMemory {
  readonly wasm: WebAssembly.Memory;
  /** Bytes this memory may grow to. */
  readonly limit: number;
  #bytes: Uint8Array;

  /** @param wasm a shared memory, made here or in another thread. */
  constructor(wasm: WebAssembly.Memory, limit: number) {
    this.wasm = wasm;
    this.limit = limit;
    this.look(); // what grew while the memory was on its way to this thread
    this.#bytes = new Uint8Array(wasm.buffer);
  }

  /**
   * @param limit bytes the memory may grow to; address space is reserved, not used.
   * @throws RangeError when the engine cannot reserve as much.
   */
  static create(limit: number = MAX_MEMORY): SharedMemory {
    const maximum = Math.ceil(limit / PAGE);
    try {
      return new SharedMemory(new WebAssembly.Memory({ initial: 4, maximum, shared: true }), maximum * PAGE);
    } catch (error) {
      throw new RangeError(
        `This engine cannot reserve ${limit} bytes of shared memory (${(error as Error).message}). ` +
          "Ask for less, or free address space (ulimit -v).",
      );
    }
  }

  /**
   * Lets this thread see what others have grown the memory to. V8 tells a thread of it at some later moment, by an
   * interrupt; until then its buffer is short, and the engine stops its kernels that copy or fill beyond the old end.
   */
  look(): void {
    this.wasm.grow(0);
  }

  /** The whole memory, at least `end` bytes long if it has grown to that. */
  buffer(end = 0): ArrayBuffer {
    if (this.wasm.buffer.byteLength < end) this.look();
    return this.wasm.buffer;
  }

  /** A view of the whole memory, at least `end` bytes long. */
  bytes(end = 0): Uint8Array {
    if (this.#bytes.length < end) this.#bytes = new Uint8Array(this.buffer(end));
    return this.#bytes;
  }

  /** Words for atomics at a byte address that is a multiple of 4. */
  words(address: number, count: number): Int32Array {
    return new Int32Array(this.buffer(address + 4 * count), address, count);
  }
}
