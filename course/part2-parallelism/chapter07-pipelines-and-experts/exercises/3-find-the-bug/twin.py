"""7.3 Find the bug, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

A pipeline's step by hand: sums of losses over the tokens of all runs, and the two terms of a tied table summed once.
Its gradients are one process's. torch.distributed.pipelining divides by itself, each run's gradients by its
micro-batches (scale_grads=True): with several runs in a step, or micro-batches of other lengths, divide by hand.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F

WORDS, WIDTH = 5, 3
LENGTHS = [[2, 2, 2], [1, 4]]

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
first, last = rank == 0, rank == size - 1
torch.manual_seed(73)
table = torch.randn(WORDS, WIDTH, requires_grad=True)
weights = [torch.randn(WIDTH, WIDTH, requires_grad=True) for _ in range(size)]
runs = [[(torch.randint(WORDS, (n,)), torch.randint(WORDS, (n,))) for n in lengths] for lengths in LENGTHS]
count = sum(n for lengths in LENGTHS for n in lengths)
ends = dist.new_group([0, size - 1]) if size > 1 else None


def stage(x: torch.Tensor, which: int) -> torch.Tensor:
    return x + torch.tanh(x @ weights[which])


def step() -> None:
    for micro_batches in runs:
        kept = []
        for tokens, targets in micro_batches:
            x = table[tokens] if first else torch.empty(len(tokens), WIDTH)
            if not first:
                dist.recv(x, rank - 1)
                x.requires_grad_()
            y = stage(x, rank)
            if last:
                y = F.cross_entropy(y @ table.T, targets, reduction="sum") / count
            else:
                dist.send(y.detach(), rank + 1)
            kept.append((x, y))
        for x, y in kept:
            dy = None
            if not last:
                dy = torch.empty(y.shape)
                dist.recv(dy, rank + 1)
            y.backward(dy)
            if not first:
                dist.send(x.grad, rank - 1)
    if ends is not None and (first or last):
        dist.all_reduce(table.grad, group=ends)


step()
mine = weights[rank].grad, table.grad
for parameter in [table, *weights]:
    parameter.grad = None
for tokens, targets in [each for micro_batches in runs for each in micro_batches]:
    x = table[tokens]
    for which in range(size):
        x = stage(x, which)
    (F.cross_entropy(x @ table.T, targets, reduction="sum") / count).backward()
torch.testing.assert_close(mine[0], weights[rank].grad)
if first or last:
    torch.testing.assert_close(mine[1], table.grad)

scaled = torch.zeros(1)
for _ in range(2):  # two runs over the same four, divided after each
    scaled = (scaled + sum([1, 2, 3, 4])) / 4
assert scaled.item() == 3.125
if rank == 0:
    print(f"gradients are one process's; divided after each of two runs, a mean of 2.5 becomes {scaled.item()}")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
