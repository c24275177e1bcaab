/** A file on a disk as a source of bytes. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { type ByteSource, checkRange } from "../files/byte-source.ts";

export class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(name: string, size: number, handle: FileHandle) {
    this.name = name;
    this.size = size;
    this.#handle = handle;
  }

  /** @throws RangeError for what is no file (opening a pipe would wait for ever); Error with the system's reason. */
  static async open(path: string): Promise<FileSource> {
    if (!(await stat(path)).isFile()) throw new RangeError(`${path} is no file.`);
    const handle = await open(path);
    return new FileSource(path, (await handle.stat()).size, handle);
  }

  async read(offset: number, length: number, into = new Uint8Array(length)): Promise<Uint8Array> {
    checkRange(this, offset, length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await this.#handle.read(into, at, Math.min(length - at, 1 << 28), offset + at);
      if (bytesRead === 0)
        throw new Error(`${this.name} ended at byte ${offset + at}: it has become shorter while it was read.`);
      at += bytesRead;
    }
    return into;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** All bytes of a small file. @throws RangeError for one above `most` bytes, before it is read. */
export async function readSmall(path: string, most: number): Promise<Uint8Array> {
  const source = await FileSource.open(path);
  try {
    if (source.size > most)
      throw new RangeError(`${path} has ${source.size} bytes, more than the ${most} that are read.`);
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}
