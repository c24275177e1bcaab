// Adds up the rows of each layer, one tensor after the other.
type Config = Record<string, number | undefined>;

export function bytesPerToken(config: Config, dtype: string, ranks: number): number {
  const heads = config.num_attention_heads as number;
  const kv = config.num_key_value_heads ?? heads;
  const dim = config.head_dim ?? (config.hidden_size as number) / heads;
  let bytes = 0;
  for (let layer = 0; layer < (config.num_hidden_layers as number); layer++) {
    for (const _ of ["keys", "values"]) {
      for (let head = 0; head < Math.ceil(kv / ranks); head++) {
        if (dtype === "int8") bytes += dim + 4;
        else bytes += dtype === "f32" ? 4 * dim : 2 * dim;
      }
    }
  }
  return bytes;
}

export function sequencesThatFit(
  config: Config,
  dtype: string,
  ranks: number,
  room: { memory: number; pageSize: number; length: number },
): number {
  const page = room.pageSize * bytesPerToken(config, dtype, ranks);
  const one = page * Math.ceil(room.length / room.pageSize);
  return Math.floor((Math.floor(room.memory / page) * page) / one);
}
