/** Where bytes of a file come from, so that what reads a format need not know whether they lie in memory, on a disk, or beyond a network. */

/** A file that is read at any place. */
export interface ByteSource {
  /** What messages call it. */
  readonly name: string;
  /** Its length in bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on; a view at any alignment, which the reader does not change.
   * @param into where they are put, if it is given; it has `length` bytes.
   * @throws RangeError beyond its end; Error if it has become shorter or cannot be read.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** Bytes in memory as a source. */
export class MemorySource implements ByteSource {
  readonly name: string;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  async read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    checkRange(this, offset, length);
    const bytes = this.#bytes.subarray(offset, offset + length);
    into?.set(bytes);
    return into ?? bytes;
  }
}

/** @throws RangeError for a part that a source does not have. */
export function checkRange({ name, size }: ByteSource, offset: number, length: number): void {
  if (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size
  )
    return;
  throw new RangeError(`${name} has ${size} bytes; ${length} from byte ${offset} on were asked for.`);
}
