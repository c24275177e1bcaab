/**
 * The files of ranks, opened as they are needed. A box is read out of the boxes that files hold: of each, what overlaps
 * with it, so no rank reads or holds a whole parameter that it has a part of.
 */
import { type DType, sizeOf } from "../../device/index.ts";
import type { ByteSource } from "../../models/files/byte-source.ts";
import type { ModelFiles, OpenSource } from "../../models/files/model-files.ts";
import { fileDTypes, readSafetensorsHeader, type TensorEntry } from "../../models/files/safetensors.ts";
import { sameShape, sizeOfShape } from "../../tensor/index.ts";
import { type Box, overlapOf, type Run, runsOf } from "./box.ts";
import { type StoredParameter, tensorKey } from "./index-file.ts";

/** Bytes that are put together before they go on. */
const PIECE = 1024 * 1024;
/** Bytes between two runs that are read along: a read of its own takes as long. */
const GAP = 64 * 1024;

/** A box of a tensor, and where its bytes begin. */
export interface Place {
  readonly box: Box;
  readonly source: ByteSource;
  readonly offset: number;
}

/** Files of a checkpoint. */
export class ShardFiles {
  readonly #files: ModelFiles;
  readonly #open = new Map<string, Promise<{ source: OpenSource; tensors: ReadonlyMap<string, TensorEntry> }>>();

  constructor(files: ModelFiles) {
    this.#files = files;
  }

  /**
   * Where the stored boxes lie that overlap with a box; headers are read and checked, and no tensor.
   * @param kept what an optimizer keeps; undefined for the parameter itself.
   * @throws Error for a file that is missing; RangeError for one that is malformed or truncated, or holds another tensor
   *   than the index says, with both shapes.
   */
  async places({ name, dtype, boxes }: StoredParameter, own: Box, kept?: string): Promise<Place[]> {
    const wanted = boxes.filter((box) => overlapOf(box, own));
    const key = tensorKey(name, kept);
    const places: Place[] = [];
    for (const { file, from, shape } of wanted) {
      const { source, tensors } = await this.#opened(file, key);
      const found = tensors.get(key);
      const form = fileDTypes[kept === undefined ? dtype : "f32"];
      if (!found)
        throw new RangeError(`${source.name} does not hold tensor ${JSON.stringify(key)}, as the index says.`);
      if (found.dtype !== form || !sameShape(found.shape, shape))
        throw new RangeError(
          `${source.name}: tensor ${JSON.stringify(key)} is ${found.dtype} [${found.shape.join(", ")}], and by the index ${form} [${shape.join(", ")}].`,
        );
      places.push({ box: { from, shape }, source, offset: found.offset });
    }
    return places;
  }

  /** Closes all. */
  async close(): Promise<void> {
    for (const opened of this.#open.values()) {
      const file = await opened.catch(() => undefined); // its failure has been told of
      await file?.source.close?.();
    }
    this.#open.clear();
  }

  #opened(name: string, tensor: string) {
    const before = this.#open.get(name);
    if (before) return before;
    const opened = this.#openOne(name, tensor);
    this.#open.set(name, opened);
    return opened;
  }

  async #openOne(name: string, tensor: string) {
    const source = await this.#files.open(name);
    if (!source)
      throw new Error(
        `${this.#files.name}/${name} is missing; the index says that it holds ${JSON.stringify(tensor)}. Copy the whole folder.`,
      );
    try {
      return { source, tensors: (await readSafetensorsHeader(source)).tensors };
    } catch (error) {
      await source.close?.();
      throw error;
    }
  }
}

/**
 * Reads a box out of stored ones, which have to cover it.
 * @param write takes bytes and where in the box they begin; in order, and the same memory again and again.
 */
export async function readBox(
  own: Box,
  dtype: DType,
  places: readonly Place[],
  write: (at: number, bytes: Uint8Array) => void,
): Promise<void> {
  const width = sizeOf(dtype);
  const rowBytes = width * sizeOfShape(own.shape.slice(1));
  const rows = own.shape[0] ?? 1;
  const step = Math.max(1, Math.floor(PIECE / rowBytes));
  const piece = new Uint8Array(Math.min(rows, step) * rowBytes);
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const [from, ...columns] = own.from;
    const slab = from === undefined ? own : { from: [from + row, ...columns], shape: [count, ...own.shape.slice(1)] };
    const bytes = piece.subarray(0, count * rowBytes);
    for (const place of places) await readOverlap(slab, place, width, bytes);
    write(row * rowBytes, bytes);
  }
}

/** Copies what a stored box and a slab share. Runs that lie close together are read at once. */
async function readOverlap(slab: Box, { box, source, offset }: Place, width: number, into: Uint8Array): Promise<void> {
  let near: Run[] = [];
  const read = async (): Promise<void> => {
    if (near.length === 0) return;
    const [first, last] = [near[0], near[near.length - 1]];
    const start = offset + first.source * width;
    if (near.length === 1) {
      await source.read(
        start,
        first.length * width,
        into.subarray(first.target * width).subarray(0, first.length * width),
      );
    } else {
      const span = await source.read(start, (last.source + last.length - first.source) * width);
      for (const run of near) {
        const at = (run.source - first.source) * width;
        into.set(span.subarray(at, at + run.length * width), run.target * width);
      }
    }
    near = [];
  };
  for (const run of runsOf(box, slab)) {
    const last = near.at(-1);
    const far = last && (run.source - last.source - last.length) * width > GAP;
    if (last && (far || (run.source + run.length - near[0].source) * width > PIECE)) await read();
    near.push(run);
  }
  await read();
}
