"""5.1 DDP by hand, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

DistributedDataParallel averages over ranks: each rank's loss has to be scaled by the number of ranks, and divided
by the count of all. It reduces after every backward unless no_sync() says otherwise, and a rank without micro-
batches hangs the others. Below, by hand first, and then with DDP.
"""

import contextlib
import copy

import torch
import torch.distributed as dist
from torch.nn.functional import mse_loss
from torch.nn.parallel import DistributedDataParallel

Batch = tuple[torch.Tensor, torch.Tensor]


def loss_of(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    x, y = batch
    return mse_loss(model(x), y, reduction="sum") / 2


def global_gradients(model: torch.nn.Module, batches: list[Batch]) -> float:
    count = torch.tensor([sum(len(x) for x, _ in batches)])
    dist.all_reduce(count)
    tokens = max(1, count.item())
    parameters = list(model.parameters())
    total = torch.zeros(1)
    for batch in batches:
        loss = loss_of(model, batch) / tokens
        loss.backward()
        total += loss.detach()
    grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([total, *(grad.flatten() for grad in grads)])
    dist.all_reduce(flat)
    for p, part in zip(parameters, flat[1:].split([p.numel() for p in parameters]), strict=True):
        p.grad = part.view_as(p).clone()
    return flat[0].item()


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()

# The example: three tokens with x = 1 on all ranks but the last, one with x = 5 there; every error is 1.
line = torch.nn.Linear(1, 1)
torch.nn.init.ones_(line.weight)
torch.nn.init.zeros_(line.bias)
x = torch.full((1, 1), 5.0) if rank == size - 1 else torch.ones(3, 1)
global_gradients(line, [(x, x - 1)])
expected = (3 * (size - 1) + 5) / (3 * (size - 1) + 1)  # 2 on two ranks
assert abs(line.weight.grad.item() - expected) < 1e-6, f"rank {rank}: {line.weight.grad.item()} and not {expected}"

# A model of two layers, on ranks with 2, 5, 8, … tokens in two micro-batches.
torch.manual_seed(51)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
batches = [[(torch.randn(n, 3), torch.randn(n, 2)) for n in (1, 1 + 3 * r)] for r in range(size)]
alone, scaled = copy.deepcopy(model), DistributedDataParallel(copy.deepcopy(model))
mean = global_gradients(model, batches[rank])

everything = [torch.cat(parts) for parts in zip(*(batch for own in batches for batch in own), strict=True)]
loss = loss_of(alone, (everything[0], everything[1])) / len(everything[0])
loss.backward()
assert abs(mean - loss.item()) < 1e-5, f"rank {rank}: {mean} and not {loss.item()}"

for i, batch in enumerate(batches[rank]):
    with scaled.no_sync() if i == 0 else contextlib.nullcontext():
        (loss_of(scaled, batch) * size / len(everything[0])).backward()

for (name, ours), theirs, averaged in zip(
    model.named_parameters(), alone.parameters(), scaled.parameters(), strict=True
):
    torch.testing.assert_close(ours.grad, theirs.grad, msg=lambda text: f"rank {rank}, {name}: {text}")
    torch.testing.assert_close(averaged.grad, theirs.grad, msg=lambda text: f"DDP, rank {rank}, {name}: {text}")
print(f"rank {rank}: mean loss {mean:.4f}, and the gradients of one process that has all tokens")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
