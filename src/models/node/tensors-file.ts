/** Named tensors as one safetensors file, and back into tensors that are there: what an optimizer keeps. */
import { sizeOf } from "../../device/index.ts";
import { rawOf, sameShape, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import { fileDTypes, layOutSafetensors, readSafetensorsHeader } from "../files/safetensors.ts";
import type { NewFile } from "./directory.ts";
import { FileSource } from "./file-source.ts";

/** Bytes that are read at once. */
const PIECE = 4 * 1024 * 1024;

/** A file of tensors. It takes a copy of them first, which `dispose` frees. */
export function tensorsFile(name: string, tensors: ReadonlyMap<string, Tensor>): { file: NewFile; dispose(): void } {
  const copies = new Map([...tensors].map(([key, tensor]) => [key, copyOf(tensor)]));
  const forms = [...tensors].map(([key, { dtype, shape }]) => ({ name: key, dtype: fileDTypes[dtype], shape }));
  const { header, tensors: places } = layOutSafetensors(forms);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield header;
    for (const place of places) yield await contentOf(copies.get(place.name) as Tensor);
  }
  const dispose = (): void => {
    for (const copy of copies.values()) copy.dispose();
  };
  return { file: { name, chunks: chunks() }, dispose };
}

/**
 * Reads such a file into tensors.
 * @param make where a tensor of the file goes; it has the file's dtype and shape.
 * @throws RangeError for a malformed file, and for a tensor that does not fit.
 */
export async function readTensorsFile(
  path: string,
  make: (name: string, shape: readonly number[]) => Tensor,
): Promise<void> {
  const source = await FileSource.open(path);
  try {
    const { tensors } = await readSafetensorsHeader(source);
    for (const { name, dtype, shape, offset, bytes } of tensors.values()) {
      const tensor = make(name, shape);
      if (!sameShape(tensor.shape, shape) || fileDTypes[tensor.dtype] !== dtype) {
        throw new RangeError(`${path}: tensor ${JSON.stringify(name)} is ${dtype}[${shape}], and ${tensor} is wanted.`);
      }
      const { buffer, offset: at } = tensor.ref();
      for (let from = 0; from < bytes; from += PIECE) {
        const read = await source.read(offset + from, Math.min(PIECE, bytes - from));
        rawOf(tensor.device as TensorDevice).write({ buffer, offset: at + from }, read);
      }
    }
  } finally {
    await source.close();
  }
}

function copyOf(tensor: Tensor): Tensor {
  const device = tensor.device as TensorDevice;
  return device.noGrad(() => device.unscoped(() => tensor.clone()));
}

function contentOf(tensor: Tensor): Promise<Uint8Array> {
  return rawOf(tensor.device as TensorDevice).read(tensor.ref(), tensor.size * sizeOf(tensor.dtype));
}
