"""3.2 The largest number, and whose it is, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py"""

import torch
import torch.distributed as dist


def argmax(x: torch.Tensor) -> tuple[float, int, int]:
    rank, size = dist.get_rank(), dist.get_world_size()
    top = x.max()
    dist.all_reduce(top, op=dist.ReduceOp.MAX)  # the operation is an object; ours is a word

    # Which of several equal elements torch.argmax names is not said, so the first is looked up.
    places = (x == top).nonzero()
    winner = torch.tensor(rank if len(places) > 0 else size)
    dist.all_reduce(winner, op=dist.ReduceOp.MIN)

    index = places[0, 0].clone() if len(places) > 0 else torch.tensor(-1)
    dist.broadcast(index, src=int(winner))  # src is a rank of the world, also where a group is named
    return top.item(), int(winner), int(index)


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
lists = [[-4.5, 2.0 + min(r, size // 2), -1.0, 2.0 + min(r, size // 2)][: 3 + r % 2] for r in range(size)]
result = argmax(torch.tensor(lists[rank]))
print(f"rank {rank} returns {result}")

value = max(max(numbers) for numbers in lists)
first = next(r for r in range(size) if value in lists[r])
assert result == (value, first, lists[first].index(value)), f"rank {rank} returned {result}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
