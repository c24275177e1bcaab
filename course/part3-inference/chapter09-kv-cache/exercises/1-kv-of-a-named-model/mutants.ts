import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "heads-of-queries",
    belief: "A head is a head.",
    edits: [["config.num_key_value_heads ?? config.num_attention_heads", "config.num_attention_heads"]],
    message: /Count heads of keys/,
  },
  {
    name: "keys-alone",
    belief: "It is called a cache of keys.",
    edits: [["return 2 * config.num_hidden_layers", "return config.num_hidden_layers"]],
    message: /That is keys alone/,
  },
  {
    name: "width-over-heads",
    belief: "A head has width / heads numbers.",
    edits: [
      [
        "config.head_dim ?? config.hidden_size / config.num_attention_heads",
        "config.hidden_size / config.num_attention_heads",
      ],
    ],
    message: /head_dim is given/,
  },
  {
    name: "less-than-a-head",
    belief: "Twice the ranks, half the bytes, always.",
    edits: [["Math.max(1, kvHeads / ranks)", "kvHeads / ranks"]],
    message: /a head is not cut/,
  },
  {
    name: "no-scales",
    belief: "int8 takes a quarter of f32.",
    edits: [['dtype === "int8" ? 4 : 0', "0"]],
    message: /each token and head has a scale/,
  },
  {
    name: "tokens-fit",
    belief: "Memory is full when its tokens are.",
    edits: [
      [
        "const pages = Math.floor(memory / (pageSize * bytesPerToken(config, dtype, ranks)));",
        "const tokens = memory / bytesPerToken(config, dtype, ranks) + 0 * pageSize;",
      ],
      ["return Math.floor(pages / Math.ceil(length / pageSize));", "return Math.floor(tokens / length);"],
    ],
    message: /the last page of a sequence is its own/,
  },
]);
