/**
 * One page as a file: "WSPG", the version, how many tokens and bytes (u32 each, little endian), the tokens (i32), the bytes, and
 * the SHA-256 of all that.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

const MAGIC = 0x47505357;
const VERSION = 1;
const HEADER = 16;
const CHECKSUM = 32;

/** What a page is like. */
export interface PageForm {
  /** Tokens of a page. */
  readonly pageSize: number;
  /** Bytes of a page. */
  readonly pageBytes: number;
}

/** A page's file. @param tokens from the beginning of the prefix to the page's end. */
export function writePage(tokens: readonly number[], bytes: Uint8Array): Uint8Array {
  const file = new Uint8Array(sizeOf(tokens.length, bytes.length));
  const view = new DataView(file.buffer);
  for (const [i, value] of [MAGIC, VERSION, tokens.length, bytes.length].entries()) view.setUint32(4 * i, value, true);
  for (const [i, token] of tokens.entries()) view.setInt32(HEADER + 4 * i, token, true);
  file.set(bytes, HEADER + 4 * tokens.length);
  file.set(checksumOf(file), file.length - CHECKSUM);
  return file;
}

/** What is in a page's file. @returns undefined if it is not whole, or not of these tokens. */
export function readPage(file: Uint8Array, tokens: readonly number[], form: PageForm): Uint8Array | undefined {
  if (file.length !== sizeOf(tokens.length, form.pageBytes)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (countOf(view, form) !== tokens.length) return undefined;
  if (tokens.some((token, i) => view.getInt32(HEADER + 4 * i, true) !== token)) return undefined;
  if (checksumOf(file).some((byte, i) => byte !== file[file.length - CHECKSUM + i])) return undefined;
  return new Uint8Array(file.subarray(HEADER + 4 * tokens.length, file.length - CHECKSUM)); // a Buffer's slice is no copy
}

/** Which tokens a file is of. @returns undefined if it cannot be a page's. */
export async function readHeader(
  file: FileHandle,
  form: PageForm,
): Promise<{ tokens: number[]; bytes: number } | undefined> {
  const { size } = await file.stat();
  const head = new DataView(new ArrayBuffer(HEADER));
  if ((await file.read(head, 0, HEADER, 0)).bytesRead < HEADER) return undefined;
  const count = countOf(head, form);
  if (count === undefined || size !== sizeOf(count, form.pageBytes)) return undefined;
  const rest = new DataView(new ArrayBuffer(4 * count));
  if ((await file.read(rest, 0, rest.byteLength, HEADER)).bytesRead < rest.byteLength) return undefined;
  return { tokens: Array.from({ length: count }, (_, i) => rest.getInt32(4 * i, true)), bytes: size };
}

/** Tokens that a header speaks of, if it is one. */
function countOf(view: DataView, { pageSize, pageBytes }: PageForm): number | undefined {
  const [magic, version, count, bytes] = [0, 1, 2, 3].map((i) => view.getUint32(4 * i, true));
  const isOurs = magic === MAGIC && version === VERSION && bytes === pageBytes;
  return isOurs && count > 0 && count % pageSize === 0 ? count : undefined;
}

function sizeOf(tokens: number, bytes: number): number {
  return HEADER + 4 * tokens + bytes + CHECKSUM;
}

function checksumOf(file: Uint8Array): Uint8Array {
  return createHash("sha256")
    .update(file.subarray(0, file.length - CHECKSUM))
    .digest();
}
