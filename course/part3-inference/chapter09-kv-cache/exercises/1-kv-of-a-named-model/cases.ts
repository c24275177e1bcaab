// What 9.1 is tried on: configs of models that readers know, and others; and the bytes of each.
import { draws } from "worldsize/exercise";
import { bytesPerHead, type KvDtype, kvDtypes, pagesFor } from "../../lib/kv-size.ts";

export interface Config {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads?: number;
  readonly head_dim?: number;
}

export interface Case {
  readonly about: string;
  readonly config: Config;
  readonly dtype: KvDtype;
  readonly ranks: number;
  readonly room: { readonly memory: number; readonly pageSize: number; readonly length: number };
}

const config = (width: number, layers: number, heads: number, kvHeads?: number, headDim?: number): Config => ({
  ...{ hidden_size: width, num_hidden_layers: layers, num_attention_heads: heads },
  ...(kvHeads === undefined ? {} : { num_key_value_heads: kvHeads }),
  ...(headDim === undefined ? {} : { head_dim: headDim }),
});

const GB = 1e9;

/** Models that readers know first; then others, some of them drawn anew. */
export function casesOf(seed: number): Case[] {
  const random = draws(seed, 91);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const of = (about: string, form: Config, dtype: KvDtype, ranks: number, room: readonly number[]): Case => {
    const [memory, pageSize, length] = room;
    return { about, config: form, dtype, ranks, room: { memory, pageSize, length } };
  };
  const drawn = (i: number): Case => {
    const kvHeads = pick([1, 2, 3, 4, 8]);
    const heads = kvHeads * pick([1, 2, 5]);
    const headDim = pick([40, 64, 80, 128]);
    const ranks = kvHeads * pick([1, 2]);
    const form = config(heads * pick([48, 64]), pick([5, 12, 28]), heads, kvHeads, headDim);
    return of(`a model that was drawn (${i})`, form, pick(kvDtypes), ranks, [
      pick([1, 3]) * GB,
      pick([1, 16, 64]),
      pick([100, 1000, 4097]),
    ]);
  };
  return [
    of("Llama 3.1 8B", config(4096, 32, 32, 8), "bf16", 1, [40 * GB, 16, 2048]),
    of("OPT-13B", config(5120, 40, 40), "bf16", 1, [12 * GB, 16, 1000]),
    of("Llama 3.1 8B on 4 ranks", config(4096, 32, 32, 8), "bf16", 4, [40 * GB, 16, 8000]),
    of("Llama 2 70B on 16 ranks", config(8192, 80, 64, 8), "bf16", 16, [20 * GB, 16, 4096]),
    of("Falcon 7B", config(4544, 32, 71, 1), "bf16", 1, [20 * GB, 16, 2048]),
    of("Falcon 7B on 4 ranks", config(4544, 32, 71, 1), "bf16", 4, [20 * GB, 32, 2048]),
    of("Qwen3 0.6B", config(1024, 28, 16, 8, 128), "bf16", 1, [4 * GB, 16, 4096]),
    of("Llama 3.1 8B in int8", config(4096, 32, 32, 8), "int8", 1, [40 * GB, 16, 2048]),
    of("a model with few numbers in a head, in int8", config(256, 4, 8, 2), "int8", 2, [GB / 100, 8, 100]),
    of("the storyteller", config(128, 4, 4, 4, 32), "f32", 1, [2 ** 24, 16, 513]),
    of("pages of 256", config(128, 4, 4, 4, 32), "f32", 1, [2 ** 24, 256, 257]),
    of("less memory than a page", config(4096, 32, 32, 8), "f32", 1, [1e6, 16, 1]),
    ...Array.from({ length: 6 }, (_, i) => drawn(i)),
  ];
}

/** What can be got wrong, each with a name. */
export interface Slip {
  readonly heads?: boolean;
  readonly once?: boolean;
  readonly width?: boolean;
  readonly layers?: boolean;
  readonly scales?: boolean;
  readonly cut?: boolean;
  readonly whole?: boolean;
}

/** Bytes of a token on a rank; with a slip, what comes out then. */
export function bytesOf({ config: form, dtype, ranks }: Case, slip: Slip = {}): number {
  const { hidden_size: width, num_hidden_layers: layers, num_attention_heads: heads } = form;
  const kvHeads = slip.heads ? heads : (form.num_key_value_heads ?? heads);
  const headDim = slip.width ? width / heads : (form.head_dim ?? width / heads);
  const own = slip.cut ? kvHeads / ranks : slip.whole ? kvHeads : Math.max(1, kvHeads / ranks);
  const head = slip.scales && dtype === "int8" ? headDim : bytesPerHead(headDim, dtype);
  return (slip.once ? 1 : 2) * (slip.layers ? 1 : layers) * own * head;
}

/** Sequences that fit in whole pages. */
export function fitOf(given: Case): number {
  const { memory, pageSize, length } = given.room;
  return Math.floor(Math.floor(memory / (pageSize * bytesOf(given))) / pagesFor(length, pageSize));
}
