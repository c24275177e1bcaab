"""7.4 Dispatch and combine, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

all_to_all_single takes the sizes of its pieces from the host: so the counts travel first here, too, and a GPU would
wait for them. Megatron-LM's alltoall dispatcher does the same. Compared with all experts on one rank.
"""

from collections.abc import Callable

import torch
import torch.distributed as dist

Expert = Callable[[torch.Tensor], torch.Tensor]


def mixture(
    x: torch.Tensor, chosen: torch.Tensor, weight: torch.Tensor, experts: list[Expert]
) -> torch.Tensor:
    size, own, width = dist.get_world_size(), len(experts), x.shape[1]
    slots = (chosen.flatten() >= 0).nonzero().flatten()  # a choice of -1 was dropped
    order = slots[chosen.flatten()[slots].argsort(stable=True)]
    token = order // max(1, chosen.shape[1])
    counts = torch.bincount(chosen.flatten()[order], minlength=size * own)
    coming = torch.empty_like(counts)
    dist.all_to_all_single(coming, counts)
    sends = counts.view(size, own).sum(1).tolist()
    comes = coming.view(size, own).sum(1).tolist()

    arrived = torch.empty(sum(comes), width)
    dist.all_to_all_single(arrived, x[token], comes, sends)
    whose = torch.arange(own).repeat(size).repeat_interleave(coming)
    results = torch.empty_like(arrived)
    for e, expert in enumerate(experts):
        results[whose == e] = expert(arrived[whose == e])

    returned = torch.empty(len(order), width)
    dist.all_to_all_single(returned, results, sends, comes)
    return torch.zeros_like(x).index_add(0, token, returned * weight.flatten()[order, None])


def expert_of(e: int) -> Expert:
    return lambda rows: (e + 2) * rows + 100 * (e + 1)


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
OWN, K = 2, 2
torch.manual_seed(74 + rank)
for tokens, everybody in ((5, False), (0 if rank == 0 else 3, False), (4, True)):
    x = torch.randint(-16, 17, (tokens, 6)).float()
    scores = torch.rand(tokens, size * OWN)
    chosen = torch.tensor([[0, 1]]).repeat(tokens, 1) if everybody else scores.topk(K).indices
    chosen[1:2, 0] = -1
    weight = torch.tensor([0.75, 0.25]).repeat(tokens, 1)
    y = mixture(x, chosen, weight, [expert_of(rank * OWN + e) for e in range(OWN)])
    wanted = torch.zeros_like(x)
    for t in range(tokens):
        for e, w in zip(chosen[t].tolist(), weight[t].tolist(), strict=True):
            if e >= 0:
                wanted[t] += w * expert_of(e)(x[t])
    assert torch.allclose(y, wanted), f"rank {rank}: {y} and {wanted}"
print(f"rank {rank} agrees with all experts on one rank")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
