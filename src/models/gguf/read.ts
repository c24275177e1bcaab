/**
 * Reads a GGUF file that lies in memory: metadata, and tensors as views of it. Every count and length is held against the
 * bytes that are left before anything is made of it.
 */
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

/** A tensor of a file. */
export interface GgufView {
  /** The last axis lies together. */
  readonly shape: readonly number[];
  readonly dtype: GgufDType;
  /** Its bytes: a view of the file. `unpackTensor` makes numbers of them. */
  readonly bytes: Uint8Array;
}

/** What is in a file. */
export interface GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufView>;
}

/** Least bytes of an entry of the metadata: a key's length, a type, a byte. Of a tensor: a name's length, axes, type, offset. */
const LEAST_ENTRY = 13;
const LEAST_TENSOR = 32;

/** Reads numbers and strings one after the other, and says where it stands when one is wrong. */
class Cursor {
  readonly #name: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(what: string, at = this.at): never {
    throw new RangeError(`${this.#name}, byte ${at}: ${what}`);
  }

  /** Steps over bytes, which must be there. @returns where they begin. */
  take(bytes: number, what: string): number {
    const left = this.#bytes.length - this.at;
    if (bytes > left) this.fail(`${what} takes ${bytes} bytes, and ${left} are left. The file is cut off or damaged.`);
    const from = this.at;
    this.at += bytes;
    return from;
  }

  /** A number of things of which each takes some bytes at least. */
  count(what: string, each: number): number {
    const from = this.at;
    const count = Number(this.scalar("u64", what));
    const left = this.#bytes.length - this.at;
    if (count * each > left) this.fail(`${count} ${what} do not fit into the ${left} bytes that are left`, from);
    return count;
  }

  scalar(type: ScalarType, what: string): number | boolean | string {
    if (type === "string") return this.#string(what);
    const at = this.take(valueBytes[type], what);
    const view = this.#view;
    if (type === "u8") return view.getUint8(at);
    if (type === "i8") return view.getInt8(at);
    if (type === "u16") return view.getUint16(at, true);
    if (type === "i16") return view.getInt16(at, true);
    if (type === "u32") return view.getUint32(at, true);
    if (type === "i32") return view.getInt32(at, true);
    if (type === "f32") return view.getFloat32(at, true);
    if (type === "f64") return view.getFloat64(at, true);
    if (type === "bool") {
      const value = view.getUint8(at);
      if (value > 1) this.fail(`${what} is the truth value ${value}, expected 0 or 1`, at);
      return value === 1;
    }
    const big = type === "u64" ? view.getBigUint64(at, true) : view.getBigInt64(at, true);
    const number = Number(big);
    if (!Number.isSafeInteger(number)) this.fail(`${what} is ${big}, beyond what a number holds`, at);
    return number;
  }

  #string(what: string): string {
    const length = this.count(`bytes of ${what}`, 1);
    const from = this.take(length, what);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
        this.#bytes.subarray(from, from + length),
      );
    } catch {
      return this.fail(`${what} is not UTF-8`, from);
    }
  }

  type(what: string): (typeof valueTypes)[number] {
    const from = this.at;
    const code = Number(this.scalar("u32", `the type of ${what}`));
    return valueTypes[code] ?? this.fail(`${what} has the type ${code}, expected 0 to ${valueTypes.length - 1}`, from);
  }
}

/**
 * @param name what messages call the file.
 * @throws RangeError with the byte: another format or version, what does not fit into the file, an unknown type, a key or
 *   tensor twice, and tensors that overlap, lie beyond the end or off the alignment.
 */
export function readGguf(name: string, bytes: Uint8Array): GgufFile {
  const cursor = new Cursor(name, bytes);
  if (cursor.scalar("u32", "the magic number") !== MAGIC) cursor.fail('does not begin with "GGUF"', 0);
  const version = cursor.scalar("u32", "the version");
  if (version !== VERSION) cursor.fail(`has version ${version}, expected ${VERSION}`, 4);
  const tensorCount = cursor.count("tensors", LEAST_TENSOR);
  const entries = cursor.count("entries of metadata", LEAST_ENTRY);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entries; i++) {
    const from = cursor.at;
    const key = String(cursor.scalar("string", `key ${i} of the metadata`));
    if (metadata.has(key)) cursor.fail(`the key ${JSON.stringify(key)} is there twice`, from);
    metadata.set(key, readValue(cursor, key));
  }
  const alignment = metadata.get("general.alignment");
  const step = alignment === undefined ? ALIGNMENT : alignment.type === "u32" ? Number(alignment.value) : 0;
  if (step === 0 || step % 8 !== 0) cursor.fail("general.alignment is not a u32 that is a multiple of 8, above 0");
  const infos = Array.from({ length: tensorCount }, (_, i) => readInfo(cursor, i));
  const start = aligned(cursor.at, step);
  const tensors = new Map<string, GgufView>();
  let end = 0;
  for (const { name: tensor, shape, dtype, offset, at } of infos) {
    if (tensors.has(tensor)) cursor.fail(`the tensor ${JSON.stringify(tensor)} is there twice`, at);
    if (offset % step !== 0) cursor.fail(`${tensor} lies at ${offset}, which is no multiple of ${step}`, at);
    // Writers put tensors one after the other in the order of the list, so an earlier place is an overlap.
    if (offset < end) cursor.fail(`${tensor} lies at ${offset}, where the tensor before it ends at ${end}`, at);
    end = offset + tensorBytes(shape, dtype);
    if (start + end > bytes.length)
      cursor.fail(`${tensor} ends at byte ${start + end}, and the file has ${bytes.length}`, at);
    tensors.set(tensor, { shape, dtype, bytes: bytes.subarray(start + offset, start + end) });
  }
  return { metadata, tensors };
}

function readValue(cursor: Cursor, key: string): GgufValue {
  const what = JSON.stringify(key);
  const type = cursor.type(what);
  if (type !== "array") return { type, value: cursor.scalar(type, what) };
  const from = cursor.at;
  const of = cursor.type(`the list ${what}`);
  if (of === "array") return cursor.fail(`${what} is a list of lists, which no key of a model is`, from);
  const count = cursor.count(`values of ${what}`, valueBytes[of]);
  return { type, of, values: Array.from({ length: count }, () => cursor.scalar(of, what)) };
}

function readInfo(cursor: Cursor, i: number) {
  const at = cursor.at;
  const name = String(cursor.scalar("string", `the name of tensor ${i}`));
  const axes = Number(cursor.scalar("u32", `the axes of ${name}`));
  if (axes < 1 || axes > MAX_AXES) cursor.fail(`${name} has ${axes} axes, expected 1 to ${MAX_AXES}`, at);
  const shape = Array.from({ length: axes }, () => Number(cursor.scalar("u64", `the shape of ${name}`))).reverse();
  const code = cursor.scalar("u32", `the type of ${name}`);
  const dtype = (Object.keys(tensorTypes) as GgufDType[]).find((each) => tensorTypes[each].code === code);
  if (!dtype) return cursor.fail(`${name} has the type ${code}; f32 (0), f16 (1) and q8_0 (8) are read`, at);
  const elements = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(elements * 4) || elements === 0)
    cursor.fail(`${name} has the shape [${shape.join(", ")}]: that is not a number of elements`, at);
  if (shape[axes - 1] % tensorTypes[dtype].group !== 0)
    cursor.fail(`${name} has rows of ${shape[axes - 1]}, which are not whole groups of ${dtype}`, at);
  const offset = Number(cursor.scalar("u64", `the offset of ${name}`));
  return { name, shape, dtype, offset, at };
}
