"""3.3 Ring all_reduce from send and recv, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

dist.all_reduce is what one calls; which algorithm it runs, the backend decides (on nccl: ring, tree or others, by size
and machine).
"""

import torch
import torch.distributed as dist


def step(outgoing: torch.Tensor, incoming: torch.Tensor) -> None:
    """Sends to the right and receives from the left, both in flight at the same time."""
    rank, size = dist.get_rank(), dist.get_world_size()
    ops = []
    if outgoing.numel() > 0:  # of few elements some chunks are empty, on both sides of a link
        ops.append(dist.P2POp(dist.isend, outgoing, (rank + 1) % size))
    if incoming.numel() > 0:
        ops.append(dist.P2POp(dist.irecv, incoming, (rank - 1) % size))
    for work in dist.batch_isend_irecv(ops) if ops else []:
        work.wait()


def ring_all_reduce(x: torch.Tensor) -> None:
    rank, size = dist.get_rank(), dist.get_world_size()
    chunks = x.tensor_split(size)  # views, of lengths that differ by at most 1 (torch.chunk may make fewer than size)
    for s in range(size - 1):
        incoming = torch.empty_like(chunks[(rank - s - 1) % size])
        step(chunks[(rank - s) % size], incoming)
        chunks[(rank - s - 1) % size].add_(incoming)
    for s in range(size - 1):
        step(chunks[(rank + 1 - s) % size], chunks[(rank - s) % size])


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
for length in (7 * size + 1, 2 * size - 1, 1):
    x = torch.arange(length) * 10.0 + rank + 0.5
    expected = x.clone()
    dist.all_reduce(expected)
    ring_all_reduce(x)
    assert torch.equal(x, expected), f"rank {rank}: {x} and not {expected}"
print(f"rank {rank} agrees with dist.all_reduce")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
