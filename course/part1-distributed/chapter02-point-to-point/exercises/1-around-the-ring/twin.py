"""2.1 Around the ring, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py"""

import torch
import torch.distributed as dist


def ring_gather(value: int) -> list[int]:
    rank, size = dist.get_rank(), dist.get_world_size()
    right, left = (rank + 1) % size, (rank - 1) % size  # -1 % n is n - 1 in Python, and -1 in JavaScript
    result = [0] * size
    result[rank] = value
    outgoing = torch.tensor([value], dtype=torch.int32)
    for step in range(1, size):
        incoming = torch.zeros(1, dtype=torch.int32)
        # Both in flight before either is waited for; on nccl this makes one group of them, too.
        works = dist.batch_isend_irecv(
            [dist.P2POp(dist.isend, outgoing, right), dist.P2POp(dist.irecv, incoming, left)]
        )
        for work in works:
            work.wait()
        result[(rank - step) % size] = int(incoming.item())
        outgoing = incoming
    return result


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
result = ring_gather(7 * rank - 3)
print(f"rank {rank} knows {result}")

assert result == [7 * r - 3 for r in range(size)], f"rank {rank} has {result}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
