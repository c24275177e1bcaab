"""5.5 Clip over a mesh, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

torch.nn.utils.clip_grad_norm_ on DTensors asks each of them for its placements, and sums along the axes that shard it.
Here with plain tensors and groups, as in the exercise, and compared with clip_grad_norm_ on whole gradients.
"""

from typing import Optional

import torch
import torch.distributed as dist


def clip(
    parts: list[tuple[Optional[torch.Tensor], set[str]]], axes: dict[str, dist.ProcessGroup], most: float, p: float
) -> float:
    def term(g: Optional[torch.Tensor]) -> torch.Tensor:
        if g is None or g.numel() == 0:
            return torch.zeros(())
        return g.abs().max() if p == float("inf") else g.abs().pow(p).sum()

    terms = torch.stack([term(g) for g, _ in parts])
    for axis, group in axes.items():
        here = [i for i, (_, cut) in enumerate(parts) if axis in cut]
        if here:
            message = terms[here]
            dist.all_reduce(message, dist.ReduceOp.MAX if p == float("inf") else dist.ReduceOp.SUM, group=group)
            terms[here] = message
    norm = terms.max() if p == float("inf") else terms.sum() ** (1 / p)
    if torch.isfinite(norm) and norm > most:
        for g, _ in parts:
            if g is not None:
                g.mul_(most / norm)
    return norm.item()


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
outer = 2 if size % 2 == 0 else 1
inner = size // outer
row, column = divmod(rank, inner)
# Every rank makes every group.
columns = [dist.new_group([i * inner + j for i in range(outer)]) for j in range(inner)]
rows = [dist.new_group([i * inner + j for j in range(inner)]) for i in range(outer)]
axes = {"dp": columns[column], "tp": rows[row]}
torch.manual_seed(55)
for p in (1.0, 2.0, float("inf")):
    both, tp, same = torch.randn(3 * size), torch.randn(4 * inner), torch.randn(2)
    whole = [torch.nn.Parameter(torch.zeros_like(g)) for g in (both, tp, same)]
    for parameter, g in zip(whole, (both, tp, same)):
        parameter.grad = g.clone()
    expected = torch.nn.utils.clip_grad_norm_(whole, 1.0, p).item()
    parts = [
        (both.chunk(size)[rank].clone(), {"dp", "tp"}),
        (tp.chunk(inner)[column].clone(), {"tp"}),
        (same.clone(), set()),
        (None, {"tp"}),
    ]
    norm = clip(parts, axes, 1.0, p)
    assert abs(norm - expected) < 1e-4 * expected, f"rank {rank}, p = {p}: {norm} and {expected}"
    torch.testing.assert_close(parts[1][0], whole[1].grad.chunk(inner)[column], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(parts[2][0], whole[2].grad, rtol=1e-4, atol=1e-5)
print(f"rank {rank} agrees with clip_grad_norm_ on whole gradients")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
