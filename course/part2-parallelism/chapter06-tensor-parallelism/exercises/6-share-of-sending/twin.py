"""6.6 The share of sending, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

The same formula beside a measurement: the MLP of a layer cut by hand, forward and backward, with its all_reduces and
without. On two ranks of one host the clocks are not ideal, so what is measured is printed and not compared.
"""

import time

import torch
import torch.distributed as dist


def layer(
    ranks: int, tokens: int, width: int, size: int, flops: float, alpha: float, beta: float
) -> tuple[float, float]:
    reduce = 2 * (ranks - 1) * (alpha + tokens * width * size / ranks * beta)
    return 4 * reduce, 3 * 2 * tokens * 12 * width**2 / ranks / flops


sending, computing = layer(8, 8192, 8192, 2, 400e12, 0, 1 / 450e9)
assert abs(sending / computing - 7 * 400e12 / (4.5 * 8192 * 450e9)) < 1e-9

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.set_num_threads(1)
torch.manual_seed(66 + rank)
TOKENS, WIDTH = 512, 512
x = torch.randn(TOKENS, WIDTH)
up, down = torch.randn(4 * WIDTH // size, WIDTH) / 32, torch.randn(WIDTH, 4 * WIDTH // size) / 32


def mlp(sums: bool) -> None:
    hidden = torch.relu(x @ up.T)
    y = hidden @ down.T
    if sums:
        dist.all_reduce(y)
    dhidden = (y @ down) * (hidden > 0)
    dx = dhidden @ up
    if sums:
        dist.all_reduce(dx)
    _ = y.T @ hidden, dhidden.T @ x


def timed(sums: bool) -> float:
    dist.barrier()
    start = time.perf_counter()
    mlp(sums)
    return time.perf_counter() - start


both, alone = (min(timed(sums) for _ in range(7)) for sums in (True, False))
if rank == 0:
    print(f"products {alone * 1e3:.1f} ms, with two all_reduces {both * 1e3:.1f} ms: {1 - alone / both:.0%} is sending")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
