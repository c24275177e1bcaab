/**
 * Our tensors under llama.cpp's names, in its layout. GPT-2's q, k and v become one; experts become one tensor of all;
 * rows of q and k change places for the architecture llama, which turns neighbours where ours turn halves of a head.
 */
import type { DecoderConfig } from "../decoder-config.ts";
import { rotaryFrequencies } from "../rotary.ts";
import { type GgufDType, GROUP } from "./format.ts";
import type { GgufTensor } from "./write.ts";

/** A tensor as `Decoder.namedParameters` names it. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its elements in f32; asked for once. */
  read(): Promise<Float32Array>;
}

/** Names within a layer, without `weight` and `bias`. */
const inLayer: Readonly<Record<string, string>> = {
  attentionNorm: "attn_norm",
  "attention.q": "attn_q",
  "attention.k": "attn_k",
  "attention.v": "attn_v",
  "attention.o": "attn_output",
  "attention.qNorm": "attn_q_norm",
  "attention.kNorm": "attn_k_norm",
  mlpNorm: "ffn_norm",
  "mlp.gate": "ffn_gate",
  "mlp.up": "ffn_up",
  "mlp.down": "ffn_down",
  "mlp.router": "ffn_gate_inp",
};

const outside: Readonly<Record<string, string>> = {
  embed: "token_embd",
  positions: "position_embd",
  norm: "output_norm",
  head: "output",
};

/** Matrices that stay f32: they are small, and what they say is not averaged out. */
const precise = /^position_embd\.|\.ffn_gate_inp\./;

/** Where one of our tensors goes: the file's tensor, and which of its parts it is. */
interface Place {
  readonly target: string;
  readonly part: number;
  readonly parts: number;
  /** Whether its parts are a new first axis, and not rows one after the other. */
  readonly stacked: boolean;
}

function placeOf(name: string, { family, experts }: DecoderConfig): Place {
  const [, layer, path, kind] = /^(?:layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? [];
  const unknown = (): never => {
    throw new RangeError(`${JSON.stringify(name)} is no tensor of a decoder of the family ${family}.`);
  };
  if (path === undefined) return unknown();
  const whole = { part: 0, parts: 1, stacked: false };
  if (layer === undefined) return { target: `${outside[path] ?? unknown()}.${kind}`, ...whole };
  const [, expert, projection] = /^mlp\.experts\.(\d+)\.(gate|up|down)$/.exec(path) ?? [];
  if (projection) {
    return {
      target: `blk.${layer}.ffn_${projection}_exps.${kind}`,
      part: Number(expert),
      parts: experts,
      stacked: true,
    };
  }
  const qkv = ["attention.q", "attention.k", "attention.v"].indexOf(path);
  if (family === "gpt2" && qkv >= 0) {
    return { target: `blk.${layer}.attn_qkv.${kind}`, part: qkv, parts: 3, stacked: false };
  }
  return { target: `blk.${layer}.${inLayer[path] ?? unknown()}.${kind}`, ...whole };
}

/**
 * Rows of a head's first and second half in turns: row j of the first half, row j of the second.
 * @param values [heads · headDim, columns]
 */
export function interleaveHalves(values: Float32Array, heads: number, headDim: number): Float32Array {
  const columns = values.length / (heads * headDim);
  const out = new Float32Array(values.length);
  const half = headDim / 2;
  for (let head = 0; head < heads; head++) {
    for (let j = 0; j < headDim; j++) {
      const from = head * headDim + (j % 2) * half + (j >> 1);
      out.set(values.subarray(from * columns, (from + 1) * columns), (head * headDim + j) * columns);
    }
  }
  return out;
}

/** A source in the file's order of rows. */
function arranged(source: NamedTensor, config: DecoderConfig): () => Promise<Float32Array> {
  const { family, kvHeads, headDim } = config;
  const which = /\.attention\.([qk])\.(?:weight|bias)$/.exec(source.name)?.[1];
  if (!which || (family !== "llama" && family !== "mixtral")) return () => source.read();
  const heads = which === "q" ? config.heads : kvHeads;
  return async () => interleaveHalves(await source.read(), heads, headDim);
}

/**
 * @param dtype of the matrices. Vectors, learned positions and routers are f32.
 * @throws RangeError for a tensor that the family has not, a part of one that is missing or has another shape, and rows
 *   that q8_0 cannot group.
 */
export function ggufTensors(config: DecoderConfig, sources: Iterable<NamedTensor>, dtype: GgufDType): GgufTensor[] {
  const found = new Map<string, { sources: NamedTensor[]; place: Place }>();
  for (const source of sources) {
    const place = placeOf(source.name, config);
    const entry = found.get(place.target) ?? { sources: [], place };
    if (entry.sources[place.part]) throw new RangeError(`${source.name} is there twice.`);
    entry.sources[place.part] = source;
    found.set(place.target, entry);
  }
  const tensors = Array.from(found, ([name, entry]) => oneOf(name, entry.sources, entry.place, config, dtype));
  const { ropeScaling, headDim } = config;
  if (ropeScaling) {
    // llama.cpp divides each frequency by its factor.
    const plain = rotaryFrequencies({ ...config, ropeScaling: undefined });
    const factors = Float32Array.from(rotaryFrequencies(config), (scaled, i) => plain[i] / scaled);
    tensors.push({ name: "rope_freqs.weight", shape: [headDim / 2], dtype: "f32", read: async () => factors });
  }
  return tensors;
}

function oneOf(
  name: string,
  sources: readonly NamedTensor[],
  { parts, stacked }: Place,
  config: DecoderConfig,
  wanted: GgufDType,
): GgufTensor {
  const present = sources.filter(Boolean);
  if (present.length !== parts) throw new RangeError(`${name} has ${parts} parts, and ${present.length} were given.`);
  const [{ shape: first }] = present;
  const inner = first.slice(1);
  const uneven = present.find(({ shape }) => shape.slice(stacked ? 0 : 1).join() !== (stacked ? first : inner).join());
  if (uneven) {
    throw new RangeError(
      `${uneven.name} [${uneven.shape.join(", ")}] does not fit beside ${present[0].name} [${first.join(", ")}].`,
    );
  }
  const rows = present.reduce((sum, { shape }) => sum + shape[0], 0);
  const shape = stacked ? [parts, ...first] : [rows, ...inner];
  const dtype = first.length === 1 || precise.test(name) ? "f32" : wanted;
  if (dtype === "q8_0" && shape[shape.length - 1] % GROUP !== 0) {
    throw new RangeError(
      `${present[0].name} has rows of ${shape[shape.length - 1]}, which groups of ${GROUP} do not divide. Export it as f16.`,
    );
  }
  const reads = present.map((source) => arranged(source, config));
  const read = async (): Promise<Float32Array> => {
    if (parts === 1) return reads[0]();
    const all = new Float32Array(shape.reduce((product, size) => product * size, 1));
    let at = 0;
    for (const part of reads) {
      const values = await part();
      all.set(values, at);
      at += values.length;
    }
    return all;
  };
  return { name, shape, dtype, read };
}
