"""1.4 A group of the even ranks, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py"""

from typing import Optional

import torch
import torch.distributed as dist


def even_sum(value: float) -> Optional[float]:
    rank, size = dist.get_rank(), dist.get_world_size()
    # Every rank calls new_group, members or not, and all with the same list; our split takes a color from each instead.
    group = dist.new_group(list(range(0, size, 2)))
    if group == dist.GroupMember.NON_GROUP_MEMBER:  # where ours is undefined
        return None
    assert dist.get_rank(group) == rank // 2  # a rank of the group, as our group.rank
    total = torch.tensor([value])
    dist.all_reduce(total, group=group)  # the group is an argument; ours is group.allReduce(total)
    return total.item()


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
result = even_sum(rank + 0.5)
print(f"rank {rank} returns {result}")

expected = sum(r + 0.5 for r in range(0, size, 2)) if rank % 2 == 0 else None
assert result == expected, f"rank {rank} returned {result} and not {expected}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
