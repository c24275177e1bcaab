/**
 * The header of a safetensors file, read and written: 8 bytes with its length, JSON with every tensor's dtype, shape and
 * place, then the bytes of the tensors one after the other. A file is believed only after every check that the
 * format's own reader makes (the crate `safetensors`, `SafeTensors::read_metadata` and `Metadata::validate`).
 */
import type { DType } from "../../device/index.ts";
import type { Shape } from "../../tensor/index.ts";
import type { ByteSource } from "./byte-source.ts";
import { type JsonObject, type JsonValue, parseStrictJson } from "./strict-json.ts";

/** The longest header that is read, in bytes, as the format's own reader has it. */
export const MOST_HEADER = 100_000_000;
const METADATA = "__metadata__";

/** The format's dtypes, with bits of an element. */
const bitsOf = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  U16: 16,
  I16: 16,
  U32: 32,
  I32: 32,
  U64: 64,
  I64: 64,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F16: 16,
  BF16: 16,
  F32: 32,
  F64: 64,
  C64: 64,
} as const;

/** Dtypes of the format. */
export type FileDType = keyof typeof bitsOf;

/** The format's words for our dtypes. */
export const fileDTypes: Readonly<Record<DType, FileDType>> = {
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  i32: "I32",
  u8: "U8",
};

/** Our dtype for one of the format; undefined where there is none. */
export function dtypeOf(dtype: FileDType): DType | undefined {
  return (Object.keys(fileDTypes) as DType[]).find((ours) => fileDTypes[ours] === dtype);
}

/** One tensor of a file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: Shape;
  /** Its first byte, counted from the beginning of the file; at any alignment. */
  readonly offset: number;
  readonly bytes: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Reads and checks a header; no tensor is read. @throws RangeError for a file that is not what the format says, with tensor and offset. */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { name, size } = source;
  const fail = (problem: string): never => {
    throw new RangeError(`${name}: ${problem}.`);
  };
  if (size < 8) fail(`has ${size} bytes; a safetensors file begins with 8 that say how long its header is`);
  const first = await source.read(0, 8);
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MOST_HEADER))
    fail(`says that its header has ${length} bytes; more than ${MOST_HEADER} are not read`);
  const start = 8 + Number(length);
  if (start > size)
    fail(`says that its header ends at byte ${start}, but has ${size} bytes: it is truncated, or no safetensors file`);
  const header = await source.read(8, Number(length));
  if (header[0] !== 0x7b) fail(`its header does not begin with "{" at byte 8`);
  const json = parseStrictJson(`${name}: the header (from byte 8 on)`, header, { wholeNumbers: true }) as JsonObject;
  const entries = Object.keys(json)
    .filter((key) => key !== METADATA)
    .map((key) => entryOf(name, key, json[key], start));
  checkPlaces(name, entries, start, size);
  return {
    tensors: new Map(entries.map((entry) => [entry.name, entry])),
    metadata: metadataOf(name, json[METADATA] ?? Object.create(null)),
  };
}

/** Checks all that can be said of one tensor alone. */
function entryOf(file: string, name: string, value: JsonValue, start: number): TensorEntry {
  const fail = (problem: string): never => {
    throw new RangeError(`${file}: tensor ${quoted(name)} ${problem}.`);
  };
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : fail("is described by no object");
  if (typeof dtype !== "string" || !Object.hasOwn(bitsOf, dtype))
    return fail(`has the dtype ${quoted(dtype)}; the dtypes are ${Object.keys(bitsOf).join(", ")}`);
  if (!isCounts(shape)) return fail(`has the shape ${quoted(shape)}, expected a list of whole numbers from 0 on`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`has the data_offsets ${quoted(offsets)}, expected two whole numbers from 0 on`);
  const [begin, end] = offsets;
  if (begin > end) fail(`begins at offset ${begin}, behind its end at ${end}`);
  const bits = bitsIn(dtype as FileDType, shape);
  if (bits === undefined) return fail(`has the shape [${shortList(shape)}], more than can be counted`);
  if (bits !== (end - begin) * 8)
    fail(
      `has ${end - begin} bytes at offsets ${begin} to ${end}, but ${dtype} [${shortList(shape)}] needs ${bits / 8}`,
    );
  return { name, dtype: dtype as FileDType, shape, offset: start + begin, bytes: end - begin };
}

/** Bits of a tensor; undefined for more than a number holds exactly, also where a later size is 0: products wrap elsewhere. */
function bitsIn(dtype: FileDType, shape: Shape): number | undefined {
  let bits: number = bitsOf[dtype];
  for (const size of shape) {
    bits *= size;
    if (!Number.isSafeInteger(bits)) return undefined;
  }
  return bits;
}

/** The tensors lie one after the other, from the header's end to the file's; sorts them so. */
function checkPlaces(file: string, entries: TensorEntry[], start: number, size: number): void {
  entries.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = start;
  for (const { name, offset, bytes } of entries) {
    if (offset !== end) {
      const problem =
        offset > end ? `leaves a gap behind what ends at ${end - start}` : `overlaps what ends at ${end - start}`;
      throw new RangeError(`${file}: tensor ${quoted(name)} begins at offset ${offset - start} and ${problem}.`);
    }
    end += bytes;
  }
  if (end === size) return;
  const last = entries.at(-1);
  throw new RangeError(
    `${file}: ${last ? `the last tensor, ${quoted(last.name)}, ends` : "the header ends"} at byte ${end}, but the file has ${size} bytes` +
      `${end > size ? ": it is truncated" : ""}.`,
  );
}

function metadataOf(file: string, value: JsonValue): Map<string, string> {
  if (!isObject(value)) throw new RangeError(`${file}: ${METADATA} is no object.`);
  return new Map(
    Object.keys(value).map((key) => {
      const text = value[key];
      if (typeof text === "string") return [key, text];
      throw new RangeError(`${file}: ${METADATA} says ${quoted(text)} under ${quoted(key)}, expected a string.`);
    }),
  );
}

/** A tensor to be written. */
export type TensorForm = Pick<TensorEntry, "name" | "dtype" | "shape">;

/** A file as it will be: its header's bytes, and where each tensor's follow. */
export interface SafetensorsLayout {
  /** The 8 bytes of its length, then the header, padded so that the tensors begin at a multiple of 8. */
  readonly header: Uint8Array;
  /** In the order of their bytes: wide elements first, so that each tensor is aligned, then by name. */
  readonly tensors: readonly TensorEntry[];
  /** Bytes of the whole file. */
  readonly size: number;
}

/**
 * Lays a file out.
 * @throws RangeError for what no reader would take: a name that comes twice, is the format's own or is no UTF-8; a dtype
 *   that the format lacks; a shape that is none or does not fill whole bytes; too many tensors.
 */
export function layOutSafetensors(
  forms: Iterable<TensorForm>,
  metadata: ReadonlyMap<string, string> = new Map(),
): SafetensorsLayout {
  const sorted = [...forms].sort((a, b) => bitsOf[b.dtype] - bitsOf[a.dtype] || (a.name < b.name ? -1 : 1));
  const json: Record<string, unknown> = Object.create(null);
  if (metadata.size > 0) json[METADATA] = Object.fromEntries(metadata);
  const places: TensorEntry[] = [];
  let end = 0;
  for (const { name, dtype, shape } of sorted) {
    if (name === METADATA || name in json)
      throw new RangeError(
        `A safetensors file cannot hold ${name === METADATA ? "a tensor named" : "two tensors named"} ${quoted(name)}.`,
      );
    const bytes = bytesToWrite({ name, dtype, shape });
    json[name] = { dtype, shape, data_offsets: [end, end + bytes] };
    places.push({ name, dtype, shape, offset: end, bytes });
    end += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(json));
  const length = Math.ceil(text.length / 8) * 8;
  if (length > MOST_HEADER)
    throw new RangeError(`A safetensors header has at most ${MOST_HEADER} bytes; this one has ${length}.`);
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  const tensors = places.map((place) => ({ ...place, offset: header.length + place.offset }));
  return { header, tensors, size: header.length + end };
}

function bytesToWrite({ name, dtype, shape }: TensorForm): number {
  const fail = (problem: string): never => {
    throw new RangeError(`A safetensors file cannot hold tensor ${quoted(name)}: ${problem}.`);
  };
  if (/\p{Surrogate}/u.test(name)) fail("its name has half of a surrogate pair, which UTF-8 cannot say");
  if (!Object.hasOwn(bitsOf, dtype)) fail(`the format has no dtype ${quoted(dtype)}`);
  if (!isCounts(shape)) fail(`its shape is [${shortList(shape)}], expected whole numbers from 0 on`);
  const bits = bitsIn(dtype, shape) ?? fail(`its shape is [${shortList(shape)}], more than can be counted`);
  return bits % 8 === 0 ? bits / 8 : fail(`${dtype} [${shortList(shape)}] does not fill whole bytes`);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function shortList(values: readonly number[]): string {
  return values.length > 16 ? `${values.slice(0, 16).join(", ")}, …` : values.join(", ");
}

function quoted(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
