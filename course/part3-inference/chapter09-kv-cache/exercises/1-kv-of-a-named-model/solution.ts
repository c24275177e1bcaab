// Keys and values of a token, read off a config.json (GQA: Ainslie et al., 2023).
interface Config {
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  /** Not there: as many as num_attention_heads. */
  num_key_value_heads?: number;
  /** Not there: hidden_size over num_attention_heads. */
  head_dim?: number;
}

type Dtype = "f32" | "bf16" | "int8";

/** Bytes that one rank of a tensor-parallel group keeps for a token. */
export function bytesPerToken(config: Config, dtype: Dtype, ranks: number): number {
  const kvHeads = config.num_key_value_heads ?? config.num_attention_heads;
  const headDim = config.head_dim ?? config.hidden_size / config.num_attention_heads;
  // More ranks than heads: each has one, and some have the same.
  const own = Math.max(1, kvHeads / ranks);
  const scale = dtype === "int8" ? 4 : 0;
  const head = headDim * { f32: 4, bf16: 2, int8: 1 }[dtype] + scale;
  return 2 * config.num_hidden_layers * own * head;
}

/** Sequences of this length that fit on a rank, in whole pages. */
export function sequencesThatFit(
  config: Config,
  dtype: Dtype,
  ranks: number,
  room: { memory: number; pageSize: number; length: number },
): number {
  const { memory, pageSize, length } = room;
  const pages = Math.floor(memory / (pageSize * bytesPerToken(config, dtype, ranks)));
  return Math.floor(pages / Math.ceil(length / pageSize));
}
