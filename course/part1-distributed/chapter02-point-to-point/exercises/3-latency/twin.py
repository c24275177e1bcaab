"""2.3 Latency, blocking and not, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py"""

import time
from typing import Callable

import torch
import torch.distributed as dist

WINDOW = 4


def measure(sizes: list[int], rounds: int, now: Callable[[], float], window: int) -> list[float]:
    """Microseconds per message, with `window` of them in flight. `now` is in milliseconds."""
    rank = dist.get_rank()
    figures: list[float] = []
    if rank > 1:
        return figures
    for size in sizes:
        tensors = [torch.zeros(size, dtype=torch.uint8) for _ in range(window)]
        start = now()
        for first in range(0, rounds, window):
            if rank == 0:
                for i, x in enumerate(tensors):
                    x.fill_(first + i)
                works = [dist.isend(x, 1) for x in tensors]
            else:
                works = [dist.irecv(x, 0) for x in tensors]
            for work in works:
                work.wait()  # gloo: the host waits. On nccl this makes a stream wait, and the host goes on
            for i, x in enumerate(tensors):
                assert bool((x == first + i).all()), f"message {first + i} of {size} bytes holds {x[0]}"
        figures.append((now() - start) * 1000 / rounds)
    return figures


class Ticking:
    """A clock on which each look costs 10 ms: it tells whether the arithmetic is right on any machine."""

    time = 0.0

    def __call__(self) -> float:
        self.time += 10
        return self.time


dist.init_process_group("gloo")
rank = dist.get_rank()
sizes = [8, 512, 65536]
for window in (1, WINDOW):
    assert measure(sizes, 8, Ticking(), window) == ([1250.0] * len(sizes) if rank < 2 else [])

# Real figures. A send on gloo waits for its receive, as ours does; one on nccl is enqueued, and the host goes on.
clock = lambda: time.perf_counter() * 1000
blocking, windowed = (measure(sizes, 64, clock, window) for window in (1, WINDOW))
if rank == 0:
    for size, a, b in zip(sizes, blocking, windowed):
        print(f"{size:6d} bytes: blocking {a:7.1f} µs per message, {WINDOW} in flight {b:7.1f} µs")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
