"""2.2 Both ways at once, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py"""

import torch
import torch.distributed as dist


def neighbour_sum(value: int) -> int:
    rank, size = dist.get_rank(), dist.get_world_size()
    right, left = (rank + 1) % size, (rank - 1) % size
    mine = torch.tensor([value], dtype=torch.int32)
    from_left = torch.zeros(1, dtype=torch.int32)
    from_right = torch.zeros(1, dtype=torch.int32)

    # isend and irecv return at once, with a Work each; ours do always, and `await` is the wait.
    works = [
        dist.isend(mine, right),
        dist.isend(mine, left),
        dist.irecv(from_left, left),
        dist.irecv(from_right, right),
    ]
    for work in works:
        work.wait()
    return int(from_left.item() + from_right.item())


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
result = neighbour_sum(10**rank)
print(f"rank {rank} returns {result}")

expected = 10 ** ((rank - 1) % size) + 10 ** ((rank + 1) % size)
assert result == expected, f"rank {rank} returned {result} and not {expected}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
