/** The files of a model by name, so that what reads a model need not know whether they lie on a disk or in memory. */
import { type ByteSource, MemorySource } from "./byte-source.ts";

/** A source that may have to be closed. */
export interface OpenSource extends ByteSource {
  close?(): Promise<void>;
}

/** Where a model's files come from. */
export interface ModelFiles {
  /** What messages call the place. */
  readonly name: string;
  /**
   * A file by its name without folders; undefined where there is none. Who opens it closes it.
   * @throws RangeError for what is no file; Error for what cannot be read.
   */
  open(name: string): Promise<OpenSource | undefined>;
}

/** Files that are in memory: what a page has fetched. */
export class MemoryFiles implements ModelFiles {
  readonly name: string;
  readonly #files: ReadonlyMap<string, Uint8Array>;

  /**
   * @param files the bytes by name: config.json, model.safetensors. They are not copied, so nobody changes them while they are read.
   * @param name what messages call the place.
   */
  constructor(files: ReadonlyMap<string, Uint8Array>, name = "memory") {
    this.#files = files;
    this.name = name;
  }

  async open(name: string): Promise<OpenSource | undefined> {
    const bytes = this.#files.get(name);
    return bytes && new MemorySource(`${this.name}/${name}`, bytes);
  }
}

/**
 * All bytes of a small file; undefined where there is none.
 * @throws RangeError for one above `most` bytes, before it is read.
 */
export async function readSmallOf(
  files: ModelFiles,
  name: string,
  most: number,
): Promise<{ path: string; bytes: Uint8Array } | undefined> {
  const source = await files.open(name);
  if (!source) return undefined;
  try {
    if (source.size > most)
      throw new RangeError(`${source.name} has ${source.size} bytes, more than the ${most} that are read.`);
    return { path: source.name, bytes: await source.read(0, source.size) };
  } finally {
    await source.close?.();
  }
}
