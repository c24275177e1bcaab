"""4.4 Write the tree, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

dist.broadcast(x, src=root) is what one calls; this is one way to make it.
"""

import torch
import torch.distributed as dist


def tree_broadcast(x: torch.Tensor, root: int) -> None:
    rank, size = dist.get_rank(), dist.get_world_size()
    v = (rank - root) % size
    bit = 1
    while bit < size and v & bit == 0:
        bit *= 2
    if v > 0:
        dist.recv(x, (v - bit + root) % size)
    while bit > 1:
        bit //= 2
        if v + bit < size:
            dist.send(x, (v + bit + root) % size)  # the child with most ranks below it first


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
for root in range(size):
    given = torch.arange(6.0).reshape(2, 3) + 100 * root
    x = given.clone() if rank == root else torch.full((2, 3), -1.0)
    expected = x.clone()
    dist.broadcast(expected, src=root)
    tree_broadcast(x, root)
    assert torch.equal(x, expected) and torch.equal(x, given), f"rank {rank}, root {root}: {x}"
print(f"rank {rank} agrees with dist.broadcast for every root")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
