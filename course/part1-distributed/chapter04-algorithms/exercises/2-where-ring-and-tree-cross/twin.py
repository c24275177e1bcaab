"""4.2 Where ring and tree cross, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

Which algorithm an all_reduce takes is the backend's choice: nccl has a model of its own for it, and NCCL_ALGO overrules
it. What PyTorch can do is to measure: the second half fits alpha and beta to this machine.
"""

import math
import time
from typing import Optional

import torch
import torch.distributed as dist


def tree(n: int, size: float, alpha: float, beta: float) -> float:
    return 2 * math.ceil(math.log2(n)) * (alpha + size * beta)


def ring(n: int, size: float, alpha: float, beta: float) -> float:
    return 2 * (n - 1) * (alpha + size / n * beta)


def crossover(n: int, alpha: float, beta: float) -> Optional[float]:
    levels = math.ceil(math.log2(n))
    saved = alpha * (n - 1 - levels)
    extra = beta * (levels - (n - 1) / n)
    return saved / extra if saved > 0 else None


assert crossover(2, 20e-6, 1e-9) is None and crossover(3, 20e-6, 1e-9) is None
for n in (4, 5, 8, 13, 1000):
    at = crossover(n, 20e-6, 1e-9)
    assert at is not None and math.isclose(tree(n, at, 20e-6, 1e-9), ring(n, at, 20e-6, 1e-9))
    assert tree(n, at / 2, 20e-6, 1e-9) < ring(n, at / 2, 20e-6, 1e-9)
    assert tree(n, at * 2, 20e-6, 1e-9) > ring(n, at * 2, 20e-6, 1e-9)

# A message from rank 0 to rank 1 and back takes 2 (alpha + bytes × beta): a line through measured points.
dist.init_process_group("gloo")
rank, n = dist.get_rank(), dist.get_world_size()
assert n >= 2, "a message needs two ranks"
sizes = [4 << (2 * i) for i in range(10)]  # 4 bytes to 1 MiB
seconds = torch.zeros(len(sizes), dtype=torch.float64)
for i, size in enumerate(sizes if rank < 2 else []):
    x = torch.full((size,), rank, dtype=torch.uint8)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        dist.send(x, 1) if rank == 0 else dist.recv(x, 0)
        dist.recv(x, 1) if rank == 0 else dist.send(x, 0)
        times.append((time.perf_counter() - start) / 2)
    seconds[i] = sorted(times)[len(times) // 2]
    assert bool((x == 0).all()), f"rank {rank}: {x}"  # rank 0's bytes went there and came back

if rank == 0:
    # Errors count by their ratio: the smallest message tells as much as the largest.
    rows = torch.stack([torch.ones(len(sizes), dtype=torch.float64), torch.tensor(sizes, dtype=torch.float64)], dim=1)
    alpha, beta = torch.linalg.lstsq(rows / seconds[:, None], torch.ones(len(sizes), 1, dtype=torch.float64)).solution
    print(f"on this machine alpha is {alpha.item() * 1e6:.1f} µs, and 1/beta {1e-9 / beta.item():.2f} GB/s")
    for ranks in (4, 8, 64):
        at = crossover(ranks, alpha.item(), beta.item())
        print(f"{ranks:3d} ranks: tree and ring cross at {at or 0:,.0f} bytes")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
