"""9.1 Keys and values of a named model, in PyTorch: python3 twin.py

No GPU is needed: the cache of one layer is made as torch would hold it, for a few tokens, and its bytes are counted.
"""

import torch

Config = dict[str, int]
BYTES = {torch.float32: 4, torch.bfloat16: 2, torch.int8: 1}


def bytes_per_token(config: Config, dtype: torch.dtype, ranks: int) -> int:
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads", heads)
    head_dim = config.get("head_dim", config["hidden_size"] // heads)
    own = max(1, kv_heads // ranks)
    scale = 4 if dtype == torch.int8 else 0
    return 2 * config["num_hidden_layers"] * own * (head_dim * BYTES[dtype] + scale)


def counted(config: Config, dtype: torch.dtype, ranks: int, tokens: int) -> int:
    """Bytes of tensors [tokens, kv heads, head dim] of all layers, with their scales."""
    heads = config["num_attention_heads"]
    kv_heads = max(1, config.get("num_key_value_heads", heads) // ranks)
    head_dim = config.get("head_dim", config["hidden_size"] // heads)
    total = 0
    for _ in range(config["num_hidden_layers"]):
        for _ in ("keys", "values"):
            rows = torch.empty(tokens, kv_heads, head_dim, dtype=dtype)
            total += rows.numel() * rows.element_size()
            if dtype == torch.int8:
                total += 4 * tokens * kv_heads
    return total


llama = {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8}
falcon = {"hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71, "num_key_value_heads": 1}
qwen3 = {**llama, "hidden_size": 1024, "num_hidden_layers": 28, "num_attention_heads": 16, "head_dim": 128}
for config in (llama, falcon, qwen3):
    for dtype in BYTES:
        for ranks in (1, 2, 16):
            assert counted(config, dtype, ranks, 5) == 5 * bytes_per_token(config, dtype, ranks), (config, dtype, ranks)
print(f"Llama 3.1 8B keeps {bytes_per_token(llama, torch.bfloat16, 1)} bytes for a token in bf16")
