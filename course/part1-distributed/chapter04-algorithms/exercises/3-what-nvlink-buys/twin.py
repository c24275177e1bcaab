"""4.3 What NVLink buys, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py"""

import math
import time
from typing import NamedTuple

import torch
import torch.distributed as dist


class Link(NamedTuple):
    alpha: float  # seconds
    bandwidth: float  # bytes per second, each way


def seconds(n: int, size: float, link: Link) -> float:
    return 2 * (n - 1) * (link.alpha + size / n / link.bandwidth)


def speedup(n: int, size: float, fast: Link, slow: Link) -> float:
    return seconds(n, size, slow) / seconds(n, size, fast)


def half_size(n: int, link: Link) -> float:
    return n * link.alpha * link.bandwidth


def busbw(n: int, size: float, time: float) -> float:
    """As nccl-tests define it: algbw × 2 (n - 1)/n, which is the wire's bandwidth if nothing is lost."""
    return size / time * 2 * (n - 1) / n


nvlink, pcie = Link(3.4e-6, 450e9), Link(5.7e-6, 63e9)
small, large = (speedup(8, size, nvlink, pcie) for size in (64 << 10, 64 << 20))
print(f"64 KiB: {small:.2f} times as fast; 64 MiB: {large:.2f} times")
assert 5.7 / 3.4 < small < large < 450 / 63  # between the ratio of latencies and that of bandwidths
for n, link in ((8, nvlink), (2, pcie)):
    size = half_size(n, link)
    assert math.isclose(busbw(n, size, seconds(n, size, link)), link.bandwidth / 2)

# The same two figures of an all_reduce on this machine. With nccl the host only enqueues: there time with CUDA events,
# or synchronize before each look at the clock.
dist.init_process_group("gloo")
rank, n = dist.get_rank(), dist.get_world_size()
x = torch.ones(1 << 20)
times = []
for _ in range(6):
    x.fill_(1)
    dist.barrier()
    start = time.perf_counter()
    dist.all_reduce(x)
    times.append(time.perf_counter() - start)
    assert bool((x == n).all()), f"rank {rank}: {x}"
took, size = min(times), x.numel() * x.element_size()
if rank == 0:
    print(f"{size >> 20} MiB on {n} ranks: algbw {size / took / 1e9:.2f}, busbw {busbw(n, size, took) / 1e9:.2f} GB/s")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
