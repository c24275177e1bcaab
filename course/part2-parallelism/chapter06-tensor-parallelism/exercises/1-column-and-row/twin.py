"""6.1 Column and row, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

torch.distributed.tensor.parallel has ColwiseParallel and RowwiseParallel, which lay out an nn.Linear this way and
leave the collectives to DTensor. Where it differs: uneven shards are those of torch.chunk, of which the last ranks
may have none.
"""

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

Gradients = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def column_forward(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return x @ w.T + b


def column_backward(dy: torch.Tensor, x: torch.Tensor, w: torch.Tensor) -> Gradients:
    dx = dy @ w
    dist.all_reduce(dx)
    return dx, dy.T @ x, dy.sum(0)


def row_forward(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    y = x @ w.T
    dist.all_reduce(y)
    return y + b


def row_backward(dy: torch.Tensor, x: torch.Tensor, w: torch.Tensor) -> Gradients:
    return dy @ w, dy.T @ x, dy.sum(0)


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()

# The example, cut by rows: y is [130, 270, 410] on every rank, and with two tokens db is [2, 2, 2].
x = torch.tensor([[1.0, 2, 3, 4], [1, 2, 3, 4]])
w = torch.arange(1.0, 13).view(3, 4)
b = torch.tensor([100.0, 200, 300])
own = torch.arange(4).tensor_split(size)[rank]
y = row_forward(x[:, own], w[:, own], b)
assert torch.equal(y[0], torch.tensor([130.0, 270, 410])), f"rank {rank}: {y}"
_, _, db = row_backward(torch.ones(2, 3), x[:, own], w[:, own])
assert torch.equal(db, torch.full((3,), 2.0)), f"rank {rank}: {db}"

# Two layers, by hand and by DTensor: all ranks begin with the same numbers.
torch.manual_seed(61)
model = torch.nn.Sequential(torch.nn.Linear(8, 12 * size), torch.nn.Linear(12 * size, 5))
up, down = ([p.detach().clone() for p in layer.parameters()] for layer in model)
x = torch.randn(3, 8, requires_grad=True)
dy = torch.randn(3, 5)
cut = slice(12 * rank, 12 * (rank + 1))
h = column_forward(x.detach(), up[0][cut], up[1][cut])
y = row_forward(h, down[0][:, cut], down[1])
dh, dw2, db2 = row_backward(dy, h, down[0][:, cut])
dx, dw1, db1 = column_backward(dh, x.detach(), up[0][cut])

mesh = init_device_mesh("cpu", (size,))
parallelize_module(model, mesh, {"0": ColwiseParallel(), "1": RowwiseParallel()})
theirs = model(x)
theirs.backward(dy)
torch.testing.assert_close(y, theirs.detach())
torch.testing.assert_close(dx, x.grad)
for ours, parameter in zip((dw1, db1, dw2, db2), model.parameters(), strict=True):
    torch.testing.assert_close(ours, parameter.grad.to_local(), msg=lambda text: f"rank {rank}: {text}")
print(f"rank {rank} agrees with ColwiseParallel and RowwiseParallel")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
