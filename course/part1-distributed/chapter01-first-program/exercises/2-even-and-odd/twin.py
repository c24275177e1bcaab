"""1.2 Even and odd ranks, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py"""

import torch
import torch.distributed as dist


def pair_work() -> int:
    rank, size = dist.get_rank(), dist.get_world_size()
    if rank % 2 == 1:
        received = torch.zeros(1, dtype=torch.int32)
        dist.recv(received, src=rank - 1)  # blocks the process; ours is awaited
        return int(received.item()) + rank
    square = torch.tensor([rank * rank], dtype=torch.int32)
    if rank + 1 < size:
        dist.send(square, dst=rank + 1)
    return rank * rank


dist.init_process_group("gloo")
rank = dist.get_rank()
result = pair_work()
print(f"rank {rank} returns {result}")

expected = rank * rank if rank % 2 == 0 else (rank - 1) ** 2 + rank
assert result == expected, f"rank {rank} returned {result} and not {expected}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
