"""6.4 Find the bug, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

The step with its three bugs, with the labels repaired, and right: AdamW's curves hardly differ, gradients do.
Megatron-LM sums gradients of norms in finalize_model_grads, after backward; DTensor knows them as Partial.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F

TOKENS, WORDS, WIDTH, UNITS, STEPS = 60, 5, 3, 8, 60


class Gather(torch.autograd.Function):
    """varying to replicated: all_gather forward, reduce_scatter backward."""

    @staticmethod
    def forward(ctx, own: torch.Tensor) -> torch.Tensor:
        return collect(own)

    @staticmethod
    def backward(ctx, dy: torch.Tensor) -> torch.Tensor:
        return sum_own(dy)


class Scatter(torch.autograd.Function):
    """partial to varying: reduce_scatter forward, all_gather backward."""

    @staticmethod
    def forward(ctx, terms: torch.Tensor) -> torch.Tensor:
        return sum_own(terms)

    @staticmethod
    def backward(ctx, dy: torch.Tensor) -> torch.Tensor:
        return collect(dy)


def collect(own: torch.Tensor) -> torch.Tensor:
    pieces = [torch.empty_like(own) for _ in range(size)]
    dist.all_gather(pieces, own.contiguous())
    return torch.cat(pieces)


def sum_own(terms: torch.Tensor) -> torch.Tensor:
    total = terms.contiguous().clone()
    dist.all_reduce(total)  # gloo has no reduce_scatter of its own
    return total.chunk(size)[rank].contiguous()


def step(x: torch.Tensor, w: dict[str, torch.Tensor], labels: torch.Tensor, fixed: bool) -> float:
    normed = Gather.apply(x / (x.square().mean(1, keepdim=True) + 1e-5).sqrt() * w["norm"])
    term = (normed @ w["up"].T).tanh() @ w["down"].T
    y = x + (Scatter.apply(term) + w["bias"] if fixed else Scatter.apply(term + w["bias"] / size))
    loss = F.cross_entropy(y @ w["head"].T, labels, ignore_index=-100, reduction="sum")
    totals = torch.stack([loss.detach(), (labels != -100).sum().float()])
    dist.all_reduce(totals)
    (loss / totals[1]).backward()
    for name in ("norm", "bias", "head") if fixed else ("norm", "head"):
        dist.all_reduce(w[name].grad)
    if not fixed:
        w["norm"].grad /= size
    return (totals[0] / totals[1]).item()


def train(labels: torch.Tensor, fixed: bool) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The losses, and the gradients of the first step."""
    torch.manual_seed(64)
    table = torch.randn(WORDS, WIDTH)
    up, down = torch.randn(UNITS, WIDTH) / 2, torch.randn(WIDTH, UNITS) / 2
    w = {"up": up.chunk(size)[rank], "down": down.chunk(size, 1)[rank], "head": torch.randn(WORDS, WIDTH) / 2}
    w |= {"bias": torch.randn(WIDTH) / 2, "norm": torch.ones(WIDTH)}
    w = {name: torch.nn.Parameter(value.clone()) for name, value in w.items()}
    optimizer = torch.optim.AdamW(w.values(), lr=0.02)
    losses, first = [], {}
    for _ in range(STEPS):
        losses.append(step(table[own], w, labels, fixed))
        first = first or {name: value.grad.clone() for name, value in w.items()}
        optimizer.step()
        optimizer.zero_grad()
    return losses, first


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
tokens = torch.tensor([(t * t + t // 4) % WORDS for t in range(TOKENS)])
own = tokens.chunk(size)[rank]
ignored = torch.tensor([-100])
cut_first = torch.cat([own[1:], ignored])
labels = torch.cat([tokens[1:], ignored]).chunk(size)[rank]

curve, right = train(labels, True)
halfway, two_bugs = train(labels, False)
wrong, _ = train(cut_first, False)
two = max(abs(a - b) for a, b in zip(curve, halfway))
three = max(abs(a - b) / b for a, b in zip(wrong, curve))
assert two < 1e-4, f"rank {rank}: with two bugs, curves differ by {two}"
assert three < 0.05, f"rank {rank}: with three bugs, curves differ by {three:.1%}"
for name in ("norm", "bias"):
    torch.testing.assert_close(size * two_bugs[name], right[name])
torch.testing.assert_close(two_bugs["up"], right["up"])
if rank == 0:
    ends = " and ".join(f"{losses[-1]:.4f}" for losses in (wrong, curve))
    print(f"{STEPS} steps end at {ends}; with right labels, curves differ by {two:.0e}")
    print(f"the first gradient of norm is {two_bugs['norm'].tolist()} and not {right['norm'].tolist()}")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
