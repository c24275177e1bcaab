"""7.2 One forward, one backward, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

torch.distributed.pipelining has it as Schedule1F1B(stage, n_microbatches, loss_fn). By hand: one stage on each rank,
the rows of 1F1B, a blocking recv before what needs it, sends in flight. Gradients are one process's.
"""

import torch
import torch.distributed as dist

WIDTH, ROWS, MICRO = 3, 2, 7


def row_of(rank: int, stages: int, micro: int) -> list[tuple[str, int]]:
    warmup = min(stages - 1 - rank, micro)
    row = [("F", m) for m in range(warmup)]
    for m in range(warmup, micro):
        row += [("F", m), ("B", m - warmup)]
    return row + [("B", m) for m in range(micro - warmup, micro)]


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(72)
weights = [torch.randn(WIDTH, WIDTH, requires_grad=True) for _ in range(size)]
inputs = [torch.randn(ROWS, WIDTH) for _ in range(MICRO)]

kept: dict[int, tuple[torch.Tensor | None, torch.Tensor]] = {}
in_flight = []
most = 0
for kind, m in row_of(rank, size, MICRO):
    if kind == "F":
        x = inputs[m]
        if rank > 0:
            x = torch.empty(ROWS, WIDTH)
            dist.recv(x, rank - 1, tag=2 * m)
            x.requires_grad_()
        y = torch.tanh(x @ weights[rank])
        if rank < size - 1:
            sent = y.detach().clone()
            in_flight.append((dist.isend(sent, rank + 1, tag=2 * m), sent))
        kept[m] = (x if rank > 0 else None, y)
        most = max(most, len(kept))
    else:
        x, y = kept.pop(m)
        if rank < size - 1:
            dy = torch.empty(ROWS, WIDTH)
            dist.recv(dy, rank + 1, tag=2 * m + 1)
            y.backward(dy)
        else:
            (y * y).sum().backward()
        if x is not None:
            in_flight.append((dist.isend(x.grad, rank - 1, tag=2 * m + 1), x.grad))
for work, _ in in_flight:
    work.wait()

mine = weights[rank].grad.clone()
weights[rank].grad = None
for x in inputs:
    for weight in weights:
        x = torch.tanh(x @ weight)
    (x * x).sum().backward()
torch.testing.assert_close(mine, weights[rank].grad)
assert most == min(size - rank, MICRO), f"rank {rank} kept {most}"
print(f"rank {rank} kept {most} micro-batches of {MICRO}; its gradient is one process's")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
