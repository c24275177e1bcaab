"""7.7 Seventy billion, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

Counts the parameters of Llama 2's 70B on the meta device, where nothing is allocated, and the bytes of a rank's states.
"""

import torch
import torch.distributed as dist

WIDTH, LAYERS, HEADS, KV_HEADS, FFN, WORDS = 8192, 80, 64, 8, 28672, 32000
KV = KV_HEADS * WIDTH // HEADS

linears = [(WIDTH, WIDTH), (KV, WIDTH), (KV, WIDTH), (WIDTH, WIDTH), (FFN, WIDTH), (FFN, WIDTH), (WIDTH, FFN)]
block = [torch.empty(shape, device="meta") for shape in linears] + [torch.empty(WIDTH, device="meta")] * 2
edges = [torch.empty(WORDS, WIDTH, device="meta")] * 2 + [torch.empty(WIDTH, device="meta")]
count = LAYERS * sum(tensor.numel() for tensor in block) + sum(tensor.numel() for tensor in edges)
assert 68.9e9 < count < 69.0e9


def states(tp: int, dp: int) -> float:
    """Bytes of a rank with ZeRO 1: weights, gradients, and a share of the moments and of the copy in f32."""
    return count / tp * (2 + 2 + 12 / dp)


dist.init_process_group("gloo")
if dist.get_rank() == 0:
    alone, shared = states(8, 1) / 1e9, states(8, 8) / 1e9
    print(f"{count / 1e9:.2f} billion parameters: {alone:.0f} GB on tp 8, {shared:.0f} with zero1")
assert round(states(8, 1) / 1e9) == 138 and round(states(8, 8) / 1e9) == 47
dist.barrier()
dist.destroy_process_group()
