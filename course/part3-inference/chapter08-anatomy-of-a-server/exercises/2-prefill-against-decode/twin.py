"""8.2 Prefill against decode, in PyTorch: python3 twin.py

A layer of a Llama by hand, with hooks on its matrices that count what passes them; attention by the sizes of its
products.
"""

import torch
from torch import nn

WIDTH, FFN, HEADS, DIM, PAST, NEW = 16, 24, 4, 4, 6, 5
torch.manual_seed(0)
names = {"q": (WIDTH, HEADS * DIM), "k": (WIDTH, HEADS * DIM), "v": (WIDTH, HEADS * DIM), "o": (HEADS * DIM, WIDTH)}
names.update(gate=(WIDTH, FFN), up=(WIDTH, FFN), down=(FFN, WIDTH))
matrices = nn.ModuleDict({name: nn.Linear(a, b, bias=False) for name, (a, b) in names.items()})
flops = 0
read = 0


def count(module: nn.Module, args: tuple, out: torch.Tensor) -> None:
    global flops, read
    flops += 2 * args[0].shape[0] * module.weight.numel()
    read += 4 * module.weight.numel()


for matrix in matrices.values():
    matrix.register_forward_hook(count)

x = torch.randn(NEW, WIDTH)
keys, values = torch.randn(PAST, HEADS, DIM), torch.randn(PAST, HEADS, DIM)
q, k, v = (matrices[name](x).view(NEW, HEADS, DIM) for name in "qkv")
keys, values = torch.cat([keys, k]), torch.cat([values, v])
mask = torch.ones(NEW, PAST + NEW).tril(PAST).bool()
scores = torch.einsum("qhd,khd->hqk", q, keys).masked_fill(~mask, float("-inf")) / DIM**0.5
flops += 2 * DIM * HEADS * int(mask.sum())
y = torch.einsum("hqk,khd->qhd", scores.softmax(-1), values)
flops += 2 * DIM * HEADS * int(mask.sum())
read += 4 * (keys.numel() + values.numel())
y = x + matrices["o"](y.reshape(NEW, -1))
matrices["down"](torch.nn.functional.silu(matrices["gate"](y)) * matrices["up"](y))

layer = WIDTH * DIM * 4 * HEADS + 3 * WIDTH * FFN
pairs = NEW * PAST + NEW * (NEW + 1) // 2
assert flops == 2 * NEW * layer + 4 * HEADS * DIM * pairs, flops
assert read == 4 * layer + 4 * 2 * HEADS * DIM * (PAST + NEW), read
print(f"{flops} flops and {read} bytes: {flops / read:.2f} flops per byte")
