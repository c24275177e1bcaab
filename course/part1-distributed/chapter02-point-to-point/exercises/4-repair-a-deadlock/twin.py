"""2.4 Repair a deadlock, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

The broken order, every rank in dist.send before its dist.recv, hangs on gloo even with 4 bytes (seen with torch 2.13):
its send waits until the receive is there. An error comes after the timeout of the group, 30 minutes unless
init_process_group is told another, and names no cycle of waits.
"""

import torch
import torch.distributed as dist


def exchange(edges: dict[str, torch.Tensor], halo: dict[str, torch.Tensor]) -> None:
    rank, size = dist.get_rank(), dist.get_world_size()
    right, left = (rank + 1) % size, (rank - 1) % size
    # On two ranks both neighbours are one: its messages meet our receives in the order of the calls, as with ours.
    works = dist.batch_isend_irecv(
        [
            dist.P2POp(dist.isend, edges["right"], right),
            dist.P2POp(dist.isend, edges["left"], left),
            dist.P2POp(dist.irecv, halo["left"], left),
            dist.P2POp(dist.irecv, halo["right"], right),
        ]
    )
    for work in works:
        work.wait()


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
length = 1 << 20
edges = {"left": torch.full((length,), rank + 0.25), "right": torch.full((length,), rank + 0.75)}
halo = {side: torch.zeros(length) for side in edges}
exchange(edges, halo)
print(f"rank {rank} has {halo['left'][0]} and {halo['right'][0]}")

assert bool((halo["left"] == (rank - 1) % size + 0.75).all()), f"rank {rank}: {halo['left']}"
assert bool((halo["right"] == (rank + 1) % size + 0.25).all()), f"rank {rank}: {halo['right']}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
