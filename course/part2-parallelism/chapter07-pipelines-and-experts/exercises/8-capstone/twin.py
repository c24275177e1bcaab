"""7.8 Capstone, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

The step's arithmetic, without a layout's machinery: each rank runs its share in two micro-batches, divides by the
targets of all ranks, and gradients are summed. They are those of one rank.
"""

import torch
import torch.distributed as dist
from torch import nn

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(78)
WIDTH, WORDS, MICRO = 16, 40, 2
model = nn.Sequential(nn.Embedding(WORDS, WIDTH), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WORDS)).double()
samples = [torch.randint(WORDS, (5 if i == 2 else 17,)) for i in range(8)]
count = sum(len(sample) - 1 for sample in samples)


def backward(own: list) -> None:
    for m in range(MICRO):
        for sample in own[m::MICRO]:
            loss = nn.functional.cross_entropy(model(sample[:-1]), sample[1:], reduction="sum")
            (loss / count).backward()


backward(samples[rank::size])
for parameter in model.parameters():
    dist.all_reduce(parameter.grad)
summed = [parameter.grad.clone() for parameter in model.parameters()]
model.zero_grad()
backward(samples)
for mine, whole in zip(summed, model.parameters()):
    assert torch.allclose(mine, whole.grad)
if rank == 0:
    print(f"{size} ranks in {MICRO} micro-batches each: gradients are those of one rank")
dist.barrier()
dist.destroy_process_group()
