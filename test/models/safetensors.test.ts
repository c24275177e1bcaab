import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteSource, MemorySource } from "../../src/models/files/byte-source.ts";
import {
  dtypeOf,
  type FileDType,
  layOutSafetensors,
  readSafetensorsHeader,
  type TensorForm,
} from "../../src/models/files/safetensors.ts";

/** A file with this header, of as many bytes of tensors as said. */
function fileOf(header: string | Uint8Array, data = 0, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + data);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const read = (file: Uint8Array) => readSafetensorsHeader(new MemorySource("m.safetensors", file));
const tensor = (dtype: string, shape: unknown, begin: unknown, end: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
const one = (dtype: string, shape: unknown, begin: unknown, end: unknown, data = 16) =>
  fileOf(`{"a":${tensor(dtype, shape, begin, end)}}`, data);

describe("refuses, with tensor and offset", () => {
  it.each<[string, Uint8Array, string]>([
    ["fewer than 8 bytes", new Uint8Array(7), "m.safetensors: has 7 bytes; a safetensors file begins with 8"],
    ["an empty file", new Uint8Array(0), "has 0 bytes; a safetensors file begins with 8"],
    ["a header too long", fileOf("{}", 0, 100_000_001n), "its header has 100000001 bytes; more than 100000000 are not"],
    [
      "a length that is negative elsewhere",
      fileOf("{}", 0, 2n ** 64n - 1n),
      "its header has 18446744073709551615 bytes",
    ],
    ["a header beyond the file", fileOf("{}", 0, 3n), "says that its header ends at byte 11, but has 10 bytes"],
    ["an empty header", fileOf(""), 'its header does not begin with "{" at byte 8'],
    ["leading space", fileOf(" {}"), 'its header does not begin with "{" at byte 8'],
    ["a list", fileOf("[]"), 'its header does not begin with "{" at byte 8'],
    ["no UTF-8", fileOf(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), "is not UTF-8"],
    ["no JSON", fileOf("{'a':1}"), "is not strict JSON: character 1"],
    ["zeros behind the header", fileOf("{}\0"), "is not strict JSON: character 2"],
    ["no object", fileOf('{"a":1}'), 'tensor "a" is described by no object'],
    ["no dtype", fileOf('{"a":{"shape":[],"data_offsets":[0,0]}}'), 'tensor "a" has the dtype missing; the dtypes are'],
    ["an unknown dtype", one("F31", [4], 0, 16), 'tensor "a" has the dtype "F31"; the dtypes are BOOL'],
    ["a dtype of Object", one("constructor", [4], 0, 16), 'tensor "a" has the dtype "constructor"; the dtypes are'],
    ["no shape", fileOf('{"a":{"dtype":"F32","data_offsets":[0,0]}}'), 'tensor "a" has the shape missing, expected'],
    ["a negative size", one("F32", [-4], 0, 16), 'tensor "a" has the shape [-4], expected a list of whole numbers'],
    ["a size in words", one("F32", ["4"], 0, 16), 'tensor "a" has the shape ["4"], expected'],
    ["begin behind end", one("F32", [4], 16, 0), 'tensor "a" begins at offset 16, behind its end at 0'],
    ["a negative offset", one("F32", [4], -16, 0), 'tensor "a" has the data_offsets [-16,0], expected two whole'],
    ["three offsets", fileOf('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1,2]}}'), "has the data_offsets [0,1,2]"],
    [
      "bytes ≠ shape × dtype",
      one("F32", [3], 0, 16),
      'tensor "a" has 16 bytes at offsets 0 to 16, but F32 [3] needs 12',
    ],
    ["half a byte", one("F4", [3], 0, 1, 1), "but F4 [3] needs 1.5"],
    [
      "a product that overflows",
      one("F32", [2 ** 30, 2 ** 30], 0, 16),
      'tensor "a" has the shape [1073741824, 1073741824], more',
    ],
    ["an overflow before a zero", one("U8", [2 ** 40, 2 ** 40, 0], 0, 0, 0), "more than can be counted"],
    ["a product that wraps to 0 in 64 bits", one("U8", [2 ** 32, 2 ** 32], 0, 0, 0), "more than can be counted"],
    [
      "a gap at the beginning",
      one("F32", [3], 4, 16),
      'tensor "a" begins at offset 4 and leaves a gap behind what ends at 0',
    ],
    [
      "a gap",
      fileOf(`{"a":${tensor("U8", [4], 0, 4)},"b":${tensor("U8", [4], 8, 12)}}`, 12),
      'tensor "b" begins at offset 8 and leaves a gap behind what ends at 4',
    ],
    [
      "an overlap",
      fileOf(`{"a":${tensor("U8", [8], 0, 8)},"b":${tensor("U8", [8], 4, 12)}}`, 12),
      'tensor "b" begins at offset 4 and overlaps what ends at 8',
    ],
    [
      "the same place twice",
      fileOf(`{"a":${tensor("U8", [4], 0, 4)},"b":${tensor("U8", [4], 0, 4)}}`, 4),
      'tensor "b" begins at offset 0 and overlaps what ends at 4',
    ],
    [
      "a truncated file",
      one("F32", [4], 0, 16, 15),
      'the last tensor, "a", ends at byte 79, but the file has 78 bytes: it is truncated',
    ],
    [
      "bytes behind the last tensor",
      one("F32", [4], 0, 16, 17),
      'the last tensor, "a", ends at byte 79, but the file has 80 bytes.',
    ],
    ["bytes without a tensor", fileOf("{}", 1), "the header ends at byte 10, but the file has 11 bytes"],
    [
      "a number in the metadata",
      fileOf('{"__metadata__":{"step":1}}'),
      '__metadata__ says 1 under "step", expected a string',
    ],
    ["metadata that are no object", fileOf('{"__metadata__":[]}'), "__metadata__ is no object"],
    [
      "a tensor twice",
      fileOf(`{"a":${tensor("U8", [4], 0, 4)},"a":${tensor("U8", [4], 0, 4)}}`, 4),
      'the key "a" for the second time',
    ],
    [
      "a key twice in a tensor",
      fileOf('{"a":{"dtype":"U8","shape":[1],"shape":[],"data_offsets":[0,1]}}', 1),
      'the key "shape" for the second time',
    ],
    [
      "an offset that is not exact",
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9007199254740993]}}'),
      "the whole number 9007199254740993; beyond 2^53 - 1",
    ],
    [
      "an offset that rounds to an exact one",
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9007199254740991.4]}}'),
      "expected a whole number in plain digits",
    ],
    [
      "an offset of minus zero",
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[-0,1]}}', 1),
      "is -0, expected a whole number in plain digits",
    ],
    [
      "a name that is no UTF-8",
      fileOf(`{"\\ud800":${tensor("U8", [1], 0, 1)},"\\ud801":${tensor("U8", [1], 1, 2)}}`, 2),
      "begins a string with half of a surrogate pair",
    ],
    [
      "an offset with an exponent",
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1e0]}}', 1),
      "expected a whole number in plain digits",
    ],
  ])("%s", async (_, file, message) => {
    const error = await read(file).then(
      () => undefined,
      (error) => error,
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain("m.safetensors");
    expect(error.message).toContain(message);
  });
});

it("asks for no more memory than the file has, whatever the header says", async () => {
  const asked: number[] = [];
  const source: ByteSource = {
    name: "m.safetensors",
    size: 1000,
    read: async (_, length) => {
      asked.push(length);
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setBigUint64(0, 99_999_999n, true);
      return bytes;
    },
  };
  await expect(readSafetensorsHeader(source)).rejects.toThrow("says that its header ends at byte 100000007");
  expect(asked).toEqual([8]);
});

it("takes what is legal and looks odd", async () => {
  const empty = tensor("F32", [0, 7], 4, 4);
  const scalar = tensor("F32", [], 0, 4);
  const last = tensor("BF16", [1], 4, 6);
  // Order in JSON is not order in the file; zero-sized tensors lie anywhere; spaces behind the header.
  const header = `{"z":${last},"empty":${empty},"scalar":${scalar},"__metadata__":{"format":"pt"}}   \n\t`;
  const { tensors, metadata } = await read(fileOf(header, 6));
  const start = 8 + header.length;
  expect([...tensors.values()]).toEqual([
    { name: "scalar", dtype: "F32", shape: [], offset: start, bytes: 4 },
    { name: "empty", dtype: "F32", shape: [0, 7], offset: start + 4, bytes: 0 },
    { name: "z", dtype: "BF16", shape: [1], offset: start + 4, bytes: 2 },
  ]);
  expect(metadata).toEqual(new Map([["format", "pt"]]));
  expect((await read(fileOf("{}"))).tensors.size).toBe(0);
  expect((await read(fileOf(`{"__proto__":${tensor("U8", [1], 0, 1)}}`, 1))).tensors.get("__proto__")?.bytes).toBe(1);
  expect((await read(one("F4", [4], 0, 2, 2))).tensors.get("a")?.bytes).toBe(2);
});

const forms = fc.uniqueArray(
  fc.record({
    name: fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "toString", "0", 'a"b')),
    dtype: fc.constantFrom<FileDType>("F32", "F16", "BF16", "U8", "I64", "BOOL"),
    shape: fc.array(fc.nat(5), { maxLength: 3 }),
  }),
  { selector: ({ name }) => name, maxLength: 12 },
);

it("reads what it writes, with tensors at their alignment", async () => {
  await fc.assert(
    fc.asyncProperty(forms, fc.dictionary(fc.string(), fc.string()), async (tensors, texts) => {
      const metadata = new Map(Object.entries(texts));
      const { header, tensors: placed, size } = layOutSafetensors(tensors, metadata);
      expect(header.length % 8).toBe(0);
      const file = new Uint8Array(size);
      file.set(header);
      const back = await read(file);
      expect([...back.tensors.values()].sort(byName)).toEqual([...placed].sort(byName));
      expect(back.metadata).toEqual(metadata);
      expect(placed.map(({ name, dtype, shape }) => ({ name, dtype, shape })).sort(byName)).toEqual(
        [...tensors].sort(byName),
      );
      const width = { F32: 4, F16: 2, BF16: 2, U8: 1, I64: 8, BOOL: 1 } as Record<string, number>;
      for (const { dtype, offset } of placed) expect(offset % width[dtype]).toBe(0);
    }),
  );
});

it("refuses a file with one byte of its header or its length changed, or reads what that file says", async () => {
  const { header, size } = layOutSafetensors([
    { name: "a", dtype: "F32", shape: [2, 3] },
    { name: "b", dtype: "F16", shape: [5] },
  ]);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(header.length - 1), fc.nat(255), fc.constantFrom(-1, 0, 1), async (at, byte, longer) => {
      const file = new Uint8Array(size + longer);
      file.set(header);
      file[at] = byte;
      const { tensors } = await read(file).catch((error) => {
        expect(error).toBeInstanceOf(RangeError);
        refused++;
        return { tensors: undefined };
      });
      let end: number | undefined;
      for (const { offset, bytes } of tensors?.values() ?? []) {
        expect(offset).toBe(end ?? offset);
        end = offset + bytes;
      }
      if (tensors) expect(end).toBe(file.length);
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(500);
});

it("refuses to write what cannot be read", () => {
  const form = { dtype: "F32", shape: [1] } as const;
  expect(() =>
    layOutSafetensors([
      { ...form, name: "a" },
      { ...form, name: "a" },
    ]),
  ).toThrow('two tensors named "a"');
  expect(() => layOutSafetensors([{ ...form, name: "__metadata__" }])).toThrow('a tensor named "__metadata__"');
});

it.each<[Partial<TensorForm>, string]>([
  [{ shape: [-1] }, "its shape is [-1], expected whole numbers from 0 on"],
  [{ shape: [1.5] }, "its shape is [1.5], expected whole numbers from 0 on"],
  [{ shape: [2 ** 40, 2 ** 40, 0] }, "[1099511627776, 1099511627776, 0], more than can be counted"],
  [{ shape: [3], dtype: "F4" }, "F4 [3] does not fill whole bytes"],
  [{ dtype: "F31" as FileDType }, 'the format has no dtype "F31"'],
  [{ name: "\ud800" }, "its name has half of a surrogate pair, which UTF-8 cannot say"],
])("refuses to write %j", (change, message) => {
  const write = () => layOutSafetensors([{ name: "a", dtype: "F32", shape: [1], ...change }]);
  expect(write).toThrow(RangeError);
  expect(write).toThrow("A safetensors file cannot hold tensor ");
  expect(write).toThrow(message);
});

it("knows the dtypes that are ours", () => {
  expect((["F32", "F16", "BF16", "I32", "U8", "F64", "BOOL"] as const).map(dtypeOf)).toEqual([
    "f32",
    "f16",
    "bf16",
    "i32",
    "u8",
    undefined,
    undefined,
  ]);
});

it("refuses to read beyond a source", async () => {
  const source = new MemorySource("x", new Uint8Array(4));
  for (const [offset, length] of [
    [0, 5],
    [4, 1],
    [-1, 2],
    [0.5, 1],
    [2 ** 53, 1],
    [0, -1],
  ])
    await expect(source.read(offset, length)).rejects.toThrow("x has 4 bytes;");
  const into = new Uint8Array(2);
  expect(await new MemorySource("x", new Uint8Array([1, 2, 3])).read(1, 2, into)).toBe(into);
  expect([...into]).toEqual([2, 3]);
});

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
