"""5.3 ZeRO-1 by hand, in PyTorch: torchrun --standalone --nproc_per_node 3 twin.py

torch.distributed.optim.ZeroRedundancyOptimizer shares the state out by whole parameters; FSDP2 (fully_shard) by
rows, as here. Where it differs: gloo's reduce_scatter_tensor and all_gather_into_tensor take pieces of one length,
so rows are padded.
"""

import torch
import torch.distributed as dist


def zero_step(
    w: torch.Tensor, gradient: torch.Tensor, velocity: torch.Tensor | None, lr: float
) -> torch.Tensor:
    rank, size = dist.get_rank(), dist.get_world_size()
    rows, columns = w.shape
    k = -(-rows // size)
    padded = torch.zeros(size * k, columns)
    padded[:rows] = gradient
    own = torch.empty(k, columns)
    dist.reduce_scatter_tensor(own, padded)
    velocity = own if velocity is None else 0.9 * velocity + own
    mine = torch.zeros(k, columns)
    before = w[rank * k : (rank + 1) * k]  # of the last ranks shorter, or empty
    mine[: len(before)] = before - lr * velocity[: len(before)]
    dist.all_gather_into_tensor(padded, mine)
    w.copy_(padded[:rows])
    return velocity


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(53)
for rows in (5, 2 * size, 1):
    w = torch.randn(rows, 3)
    whole = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([whole], lr=0.5, momentum=0.9)  # its state: all rows
    velocity = None
    for _ in range(3):
        gradients = torch.randn(size, rows, 3)  # the same numbers on all ranks: each adds its own
        velocity = zero_step(w, gradients[rank], velocity, 0.5)
        whole.grad = gradients.sum(0)
        optimizer.step()
        torch.testing.assert_close(w, whole.detach(), msg=lambda text: f"rank {rank}, {rows} rows: {text}")
    copies = [torch.empty_like(w) for _ in range(size)]
    dist.all_gather(copies, w)
    assert all(torch.equal(each, w) for each in copies), "the same bits on all ranks"
    assert len(velocity) == -(-rows // size)
print(f"rank {rank} agrees with SGD that has all rows")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
