// Exercise 9.1: what a model keeps for each token, and how many sequences that leaves room for.
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
export function bytesPerToken(_config: Config, _dtype: Dtype, _ranks: number): number {
  return 0;
}

/** Sequences of this length that fit on a rank, in whole pages. */
export function sequencesThatFit(
  _config: Config,
  _dtype: Dtype,
  _ranks: number,
  _room: { memory: number; pageSize: number; length: number },
): number {
  return 0;
}
