/** GGUF files written and read back, their metadata and layout, and files that are not what they say. */
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type DecoderConfig,
  exportGguf,
  type GgufDType,
  type GgufExport,
  type NamedTensor,
  packTensor,
  readGguf,
  splitGroups,
  unpackTensor,
  writeGguf,
} from "../../src/models/index.ts";
import { forms, smallTokenizer } from "../helpers/llama.ts";

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Uint8Array.from(Buffer.concat(all));
}

/** A tensor whose elements are the numbers from `from` on. */
function counting(name: string, shape: readonly number[], from = 0): NamedTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return { name, shape, read: async () => Float32Array.from({ length: size }, (_, i) => from + i) };
}

const tokenizer = smallTokenizer("gpt2");

function exported(config: DecoderConfig, tensors: NamedTensor[], more: Partial<GgufExport> = {}): Promise<Uint8Array> {
  return joined(exportGguf({ config, tensors, tokenizer, ...more }));
}

it("what is written is read: metadata of every type, tensors of every format", async () => {
  const scalar = fc.oneof(
    fc.record({ type: fc.constant("u8" as const), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ type: fc.constant("i8" as const), value: fc.integer({ min: -128, max: 127 }) }),
    fc.record({ type: fc.constant("u16" as const), value: fc.integer({ min: 0, max: 65535 }) }),
    fc.record({ type: fc.constant("i16" as const), value: fc.integer({ min: -32768, max: 32767 }) }),
    fc.record({ type: fc.constant("u32" as const), value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
    fc.record({ type: fc.constant("i32" as const), value: fc.integer() }),
    fc.record({ type: fc.constant("f32" as const), value: fc.float({ noNaN: true }) }),
    fc.record({ type: fc.constant("f64" as const), value: fc.double({ noNaN: true }) }),
    fc.record({ type: fc.constant("u64" as const), value: fc.maxSafeNat() }),
    fc.record({ type: fc.constant("i64" as const), value: fc.maxSafeInteger() }),
    fc.record({ type: fc.constant("bool" as const), value: fc.boolean() }),
    fc.record({ type: fc.constant("string" as const), value: fc.string({ unit: "grapheme" }) }),
    fc.record({
      type: fc.constant("array" as const),
      of: fc.constant("string" as const),
      values: fc.array(fc.string({ unit: "grapheme" })),
    }),
    fc.record({ type: fc.constant("array" as const), of: fc.constant("i32" as const), values: fc.array(fc.integer()) }),
  );
  const entries = fc.dictionary(fc.string(), scalar);
  const tensor = fc.record({
    rows: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 2 }),
    dtype: fc.constantFrom<GgufDType>("f32", "f16", "q8_0"),
  });
  await fc.assert(
    fc.asyncProperty(entries, fc.array(tensor, { maxLength: 4 }), async (metadata, forms) => {
      const keys = new Map(Object.entries(metadata));
      const tensors = forms.map(({ rows, groups, dtype }, i) => ({
        ...counting(`t${i}`, [rows, groups * 32], -i),
        dtype,
      }));
      const file = readGguf("made", await joined(writeGguf(keys, tensors)));
      expect(file.metadata).toEqual(keys);
      expect([...file.tensors.keys()]).toEqual(tensors.map(({ name }) => name));
      for (const { name, shape, dtype, read } of tensors) {
        const found = file.tensors.get(name)!;
        expect([found.shape, found.dtype]).toEqual([shape, dtype]);
        expect(found.bytes).toEqual(packTensor(await read(), dtype));
        expect(found.bytes.byteOffset % 32).toBe(0);
        if (dtype === "f32") expect(unpackTensor(found.bytes, dtype)).toEqual(await read());
      }
    }),
    { numRuns: 60 },
  );
});

it("a vocabulary that is longer than any first buffer is read as it was written", async () => {
  const values = Array.from({ length: 20_000 }, (_, i) => `token ${i}`.repeat(1 + (i % 7)));
  const metadata = new Map([["words", { type: "array", of: "string", values }]] as const);
  expect(readGguf("made", await joined(writeGguf(metadata, []))).metadata.get("words")).toEqual(metadata.get("words"));
});

it("q8_0 by hand: the scale in f16, halves away from zero, a group of zeros", () => {
  const values = new Float32Array(64);
  values.set([127, 0.5, -0.5, 1.5, -126.5, 1]);
  const bytes = packTensor(values, "q8_0");
  expect(bytes.length).toBe(68);
  // 1 in f16 is 0x3c00.
  expect([...bytes.subarray(0, 8)]).toEqual([0x00, 0x3c, 127, 1, 255, 2, 129, 1]);
  expect([...bytes.subarray(34)]).toEqual(Array(34).fill(0));
  expect([...unpackTensor(bytes, "q8_0").subarray(0, 6)]).toEqual([127, 1, -1, 2, -127, 1]);
  expect([...splitGroups(bytes).scales]).toEqual([1, 0]);
});

it("q8_0 is within half a step, and refuses what has no scale", () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 32, maxLength: 32 }), (list) => {
      const values = Float32Array.from(list);
      const back = unpackTensor(packTensor(values, "q8_0"), "q8_0");
      const largest = Math.max(...values.map(Math.abs));
      // Half a step, and f16's rounding of the scale: 2⁻¹¹ of the value, or 127 half units of a subnormal scale.
      for (let i = 0; i < 32; i++) {
        expect(Math.abs(back[i] - values[i])).toBeLessThanOrEqual(largest * (0.501 / 127 + 2 ** -11) + 127 * 2 ** -25);
      }
    }),
  );
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e8]) {
    expect(() => packTensor(new Float32Array(32).fill(bad), "q8_0")).toThrow("has no scale for");
  }
  expect(() => packTensor(new Float32Array(31), "q8_0")).toThrow("31 are not whole groups");
});

it("q and k of llama change rows, of qwen2 not; experts are stacked; gpt2's q, k and v are one", async () => {
  const q = counting("layers.0.attention.q.weight", [8, 1]);
  const small = { heads: 2, kvHeads: 1, headDim: 4 };
  const read = async (config: DecoderConfig, tensors: NamedTensor[], name: string) => {
    const { shape, dtype, bytes } = readGguf("made", await exported(config, tensors)).tensors.get(name)!;
    return { shape, values: [...unpackTensor(bytes, dtype)] };
  };
  const llama = await read({ ...forms.llama, ...small }, [q], "blk.0.attn_q.weight");
  expect(llama).toEqual({ shape: [8, 1], values: [0, 2, 1, 3, 4, 6, 5, 7] });
  const qwen = await read({ ...forms.qwen2, ...small }, [q], "blk.0.attn_q.weight");
  expect(qwen.values).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const experts = [1, 0].map((e) => counting(`layers.1.mlp.experts.${e}.up.weight`, [1, 2], 10 * e));
  const stacked = await read({ ...forms.mixtral, experts: 2 }, experts, "blk.1.ffn_up_exps.weight");
  expect(stacked).toEqual({ shape: [2, 1, 2], values: [0, 1, 10, 11] });
  const parts = ["v", "k", "q"].map((name, i) => counting(`layers.0.attention.${name}.bias`, [2], 10 * i));
  const one = await read(forms.gpt2, parts, "blk.0.attn_qkv.bias");
  expect(one).toEqual({ shape: [6], values: [20, 21, 10, 11, 0, 1] });
});

it("vectors and routers stay f32, and q8_0 names what it cannot group", async () => {
  const tensors = [
    counting("norm.weight", [64]),
    counting("embed.weight", [2, 64]),
    counting("layers.0.mlp.router.weight", [4, 64]),
  ];
  const file = readGguf("made", await exported(forms.mixtral, tensors, { dtype: "q8_0" }));
  expect([...file.tensors].map(([name, { dtype }]) => [name, dtype])).toEqual([
    ["output_norm.weight", "f32"],
    ["token_embd.weight", "q8_0"],
    ["blk.0.ffn_gate_inp.weight", "f32"],
  ]);
  await expect(exported(forms.llama, [counting("embed.weight", [2, 48])], { dtype: "q8_0" })).rejects.toThrow(
    "embed.weight has rows of 48, which groups of 32 do not divide. Export it as f16.",
  );
});

it("metadata of the form and of the tokenizer", async () => {
  const tokens = { eos: "<|endoftext|>", pad: "<|endoftext|>", chatTemplate: "{{ x }}" };
  const { metadata } = readGguf("made", await exported(forms.mixtral, [], { tokens, dtype: "f16" }));
  const plain = Object.fromEntries(
    [...metadata].map(([key, value]) => [key, value.type === "array" ? value.values : value.value]),
  );
  expect(plain).toMatchObject({
    "general.architecture": "llama",
    "general.file_type": 1,
    "llama.context_length": 64,
    "llama.block_count": 2,
    "llama.attention.head_count_kv": 2,
    "llama.rope.dimension_count": 16,
    "llama.rope.freq_base": 10_000,
    "llama.expert_count": 4,
    "llama.expert_used_count": 2,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "gpt-2",
    "tokenizer.ggml.eos_token_id": 0,
    "tokenizer.ggml.padding_token_id": 0,
    "tokenizer.ggml.add_bos_token": false,
    "tokenizer.chat_template": "{{ x }}",
  });
  const words = plain["tokenizer.ggml.tokens"] as string[];
  const kinds = plain["tokenizer.ggml.token_type"] as number[];
  expect([words.length, words[0], words[1], words[299]]).toEqual([300, "<|endoftext|>", "!", "[unused 299]"]);
  expect([kinds[0], kinds[1], kinds[299]]).toEqual([3, 1, 5]);
  expect((plain["tokenizer.ggml.merges"] as string[])[0]).toBe(tokenizer.merges[0].join(" "));
  expect(plain).not.toHaveProperty("tokenizer.ggml.bos_token_id");
});

it.each<[string, DecoderConfig, NamedTensor[], Partial<GgufExport>, string]>([
  ["a bias that qwen2 has not", { ...forms.qwen2, outputBias: true }, [], {}, "qwen2 has no form for outputBias true"],
  ["qwen3 without norms of q", { ...forms.qwen3, qkNorm: false }, [], {}, "qwen3 has no form for qkNorm false"],
  [
    "scaled positions",
    { ...forms.llama3, family: "qwen3", qkNorm: true },
    [],
    {},
    "no form for scaled rotary positions",
  ],
  ["loose experts", { ...forms.mixtral, normalizeTopK: false }, [], {}, "whose weights do not add up to 1"],
  ["a strange tensor", forms.llama, [counting("layers.0.attention.z.weight", [1])], {}, "is no tensor of a decoder"],
  ["a tensor twice", forms.llama, [counting("norm.weight", [1]), counting("norm.weight", [1])], {}, "is there twice"],
  ["a lost part", forms.gpt2, [counting("layers.0.attention.q.bias", [2])], {}, "has 3 parts, and 1 were given"],
  ["too many tokens", { ...forms.llama, vocabularySize: 100 }, [], {}, "and the model has 100 rows"],
  ["nanochat's words", forms.llama, [], { tokenizer: smallTokenizer("nanochat") }, "as the pattern nanochat does"],
  ["an unknown bos", forms.llama, [], { tokens: { bos: "<s>" } }, '"<s>", wanted as bos, is not an added token'],
])("export refuses %s", async (_, config, tensors, more, words) => {
  await expect(exported(config, tensors, more)).rejects.toThrow(words);
});

it("export refuses a tensor with another number of elements than its shape says", async () => {
  const short = { name: "norm.weight", shape: [4], read: async () => new Float32Array(3) };
  await expect(exported(forms.llama, [short])).rejects.toThrow(
    "output_norm.weight [4] has 4 elements, but 3 were given",
  );
});

/** A file: one string, one tensor [2, 32] in f32. */
const plain = await joined(
  writeGguf(new Map([["a", { type: "string", value: "b" }]]), [{ ...counting("t", [2, 32]), dtype: "f32" }]),
);
/** Where things lie in it: the header's 24 bytes, "a" at 32, its type at 33, the string's length at 37, the tensor at 46. */
const at = { entries: 16, keyType: 33, textLength: 37, text: 45, axes: 55, shape: 59, type: 75, offset: 79 };

function changed(place: number, ...bytes: number[]): Uint8Array {
  const copy = plain.slice();
  copy.set(bytes, place);
  return copy;
}

const huge = [255, 255, 255, 255, 255, 255, 31, 0];
it.each<[string, Uint8Array, string]>([
  ["another format", changed(0, 80), 'file, byte 0: does not begin with "GGUF"'],
  ["another version", changed(4, 2), "file, byte 4: has version 2, expected 3"],
  ["more tensors than bytes", changed(8, ...huge), "9007199254740991 tensors do not fit into the"],
  [
    "a count beyond numbers",
    changed(8, 255, 255, 255, 255, 255, 255, 255, 255),
    "18446744073709551615, beyond what a number",
  ],
  ["more entries than bytes", changed(at.entries, ...huge), "9007199254740991 entries of metadata do not fit"],
  ["a long string", changed(at.textLength, ...huge), 'byte 37: 9007199254740991 bytes of "a" do not fit'],
  ["an unknown type of a key", changed(at.keyType, 13), 'byte 33: "a" has the type 13, expected 0 to 12'],
  ["text that is no UTF-8", changed(at.text, 255), 'byte 45: "a" is not UTF-8'],
  ["no axes", changed(at.axes, 0), "t has 0 axes, expected 1 to 4"],
  ["five axes", changed(at.axes, 5), "t has 5 axes, expected 1 to 4"],
  ["a shape whose product overflows", changed(at.shape, ...huge), "that is not a number of elements"],
  ["a shape with none", changed(at.shape, 0), "[2, 0]: that is not a number of elements"],
  ["an unknown type of a tensor", changed(at.type, 2), "t has the type 2; f32 (0), f16 (1) and q8_0 (8) are read"],
  ["rows that are not groups", changed(at.shape, 33, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 8), "rows of 33"],
  ["an offset off the alignment", changed(at.offset, 8), "t lies at 8, which is no multiple of 32"],
  ["an offset beyond the end", changed(at.offset, 32), "ends at byte"],
])("reading refuses %s", (_, bytes, words) => {
  expect(() => readGguf("file", bytes)).toThrow(words);
});

it("reading refuses a file that is cut off at any byte", () => {
  expect(readGguf("file", plain).tensors.size).toBe(1);
  for (let length = 0; length < plain.length; length++) {
    expect(() => readGguf("file", plain.subarray(0, length))).toThrow(RangeError);
  }
});

it("reading refuses keys and tensors twice, lists of lists, and alignments that are none", async () => {
  const two = [counting("t", [1]), counting("u", [1])].map((each) => ({ ...each, dtype: "f32" as const }));
  const file = await joined(
    writeGguf(
      new Map([
        ["a", { type: "u32", value: 1 }],
        ["b", { type: "u32", value: 1 }],
      ]),
      two,
    ),
  );
  const text = Buffer.from(file);
  const renamed = (from: string, to: string): Uint8Array => {
    const copy = file.slice();
    copy[text.indexOf(from, 24)] = to.charCodeAt(0);
    return copy;
  };
  expect(() => readGguf("file", renamed("b", "a"))).toThrow('the key "a" is there twice');
  expect(() => readGguf("file", renamed("u", "t"))).toThrow('the tensor "t" is there twice');
  const overlapping = file.slice();
  overlapping[text.indexOf("u", 24) + 1 + 4 + 8 + 4] = 0;
  expect(() => readGguf("file", overlapping)).toThrow("u lies at 0, where the tensor before it ends at 4");
  const lists = await joined(writeGguf(new Map([["a", { type: "array", of: "u32", values: [1] }]]), []));
  lists[37] = 9;
  expect(() => readGguf("file", lists)).toThrow('"a" is a list of lists');
  for (const value of [0, 12]) {
    const odd = await joined(writeGguf(new Map([["general.alignment", { type: "u32", value }]]), []));
    expect(() => readGguf("file", odd)).toThrow("general.alignment is not a u32 that is a multiple of 8");
  }
});

it("bytes changed at random are read or refused, and nothing else is thrown", () => {
  fc.assert(
    fc.property(fc.nat(140), fc.nat(255), (place, value) => {
      try {
        readGguf("file", changed(place, value));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 1000 },
  );
});
