/** Writes a GGUF file piece by piece, so that a model need not be in memory twice. */
import {
  ALIGNMENT,
  aligned,
  type GgufDType,
  type GgufValue,
  MAGIC,
  MAX_AXES,
  type ScalarType,
  tensorBytes,
  tensorTypes,
  VERSION,
  valueBytes,
  valueTypes,
} from "./format.ts";
import { packTensor } from "./pack.ts";

/** A tensor to be written. */
export interface GgufTensor {
  readonly name: string;
  /** The last axis lies together. A file lists it first. */
  readonly shape: readonly number[];
  readonly dtype: GgufDType;
  /** Its elements; asked for once, when it is its turn. */
  read(): Promise<Float32Array>;
}

/** Bytes that grow. */
class Header {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  scalar(type: ScalarType, value: number | boolean | string): void {
    if (type === "string") {
      const text = new TextEncoder().encode(String(value));
      this.scalar("u64", text.length);
      const at = this.#grow(text.length);
      this.#bytes.set(text, at);
      return;
    }
    const at = this.#grow(valueBytes[type]);
    const view = this.#view;
    const number = Number(value);
    if (type === "u8" || type === "bool") view.setUint8(at, number);
    else if (type === "i8") view.setInt8(at, number);
    else if (type === "u16") view.setUint16(at, number, true);
    else if (type === "i16") view.setInt16(at, number, true);
    else if (type === "u32") view.setUint32(at, number, true);
    else if (type === "i32") view.setInt32(at, number, true);
    else if (type === "f32") view.setFloat32(at, number, true);
    else if (type === "f64") view.setFloat64(at, number, true);
    else view.setBigInt64(at, BigInt(number), true);
  }

  value(value: GgufValue): void {
    this.scalar("u32", valueTypes.indexOf(value.type));
    if (value.type !== "array") {
      this.scalar(value.type, value.value);
      return;
    }
    this.scalar("u32", valueTypes.indexOf(value.of));
    this.scalar("u64", value.values.length);
    for (const each of value.values) this.scalar(value.of, each);
  }

  #grow(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/**
 * The bytes of a file, in order.
 * @throws RangeError for a tensor whose name is used twice, that has more than four axes, or whose rows are not whole groups
 *   of its format; or that has another number of elements than its shape says.
 */
export async function* writeGguf(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): AsyncGenerator<Uint8Array> {
  const header = new Header();
  header.scalar("u32", MAGIC);
  header.scalar("u32", VERSION);
  header.scalar("u64", tensors.length);
  header.scalar("u64", metadata.size);
  for (const [key, value] of metadata) {
    header.scalar("string", key);
    header.value(value);
  }
  let offset = 0;
  const names = new Set<string>();
  for (const { name, shape, dtype } of tensors) {
    if (names.has(name)) throw new RangeError(`The tensor ${name} would be written twice.`);
    names.add(name);
    const { group } = tensorTypes[dtype];
    if (shape.length < 1 || shape.length > MAX_AXES || shape[shape.length - 1] % group !== 0) {
      throw new RangeError(
        `The tensor ${name} has the shape [${shape.join(", ")}]; ${dtype} takes 1 to ${MAX_AXES} axes, the last a multiple of ${group}.`,
      );
    }
    header.scalar("string", name);
    header.scalar("u32", shape.length);
    for (const size of [...shape].reverse()) header.scalar("u64", size);
    header.scalar("u32", tensorTypes[dtype].code);
    header.scalar("u64", offset);
    offset = aligned(offset + tensorBytes(shape, dtype), ALIGNMENT);
  }
  yield header.bytes;
  yield padding(header.length);
  for (const tensor of tensors) {
    const values = await tensor.read();
    const elements = tensor.shape.reduce((product, size) => product * size, 1);
    if (values.length !== elements) {
      throw new RangeError(
        `The tensor ${tensor.name} [${tensor.shape.join(", ")}] has ${elements} elements, but ${values.length} were given.`,
      );
    }
    const bytes = packTensor(values, tensor.dtype);
    yield bytes;
    yield padding(bytes.length);
  }
}

function padding(length: number): Uint8Array {
  return new Uint8Array(aligned(length, ALIGNMENT) - length);
}
