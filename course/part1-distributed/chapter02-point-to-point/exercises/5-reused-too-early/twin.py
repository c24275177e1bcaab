"""2.5 Reused too early, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

torch does not tell when a buffer is written while a send still uses it: the receiver gets whatever was there when the
bytes were read. Only the wait below stands between this program and garbage.
"""

from typing import Optional

import torch
import torch.distributed as dist


def stream(values: list[float]) -> list[float]:
    rank = dist.get_rank()
    if rank == 0:
        buffers = [torch.zeros(1), torch.zeros(1)]
        works: list[Optional[dist.Work]] = [None, None]
        for i, value in enumerate(values):
            previous = works[i % 2]
            if previous is not None:
                previous.wait()
            buffers[i % 2].fill_(value)
            works[i % 2] = dist.isend(buffers[i % 2], 1)
        for work in works:
            if work is not None:
                work.wait()
    received: list[float] = []
    if rank == 1:
        buffer = torch.zeros(1)
        for _ in values:
            dist.recv(buffer, 0)
            received.append(buffer.item())
    return received


dist.init_process_group("gloo")
rank = dist.get_rank()
values = [i / 4 - 9 for i in range(300)]
received = stream(values)
print(f"rank {rank} received {len(received)} values")

assert received == (values if rank == 1 else []), f"rank {rank} has {received[:8]} …"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
