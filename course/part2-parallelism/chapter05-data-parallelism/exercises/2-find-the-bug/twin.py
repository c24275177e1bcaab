"""5.2 Find the bug, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

The same loop, with the bug and without: curves agree, gradients do not. DistributedDataParallel would average over
ranks by itself, with no_sync() around all micro-batches but the last; dividing by the number of micro-batches is
left to the loop.
"""

import torch
import torch.distributed as dist


Batch = tuple[torch.Tensor, torch.Tensor]


def train(fixed: bool, windows: list[list[Batch]]) -> tuple[list[float], list[torch.Tensor]]:
    """Mean losses of the steps, and the gradients that the optimizer took."""
    torch.manual_seed(52)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    losses, taken = [], []
    for batches in windows:
        mean = torch.zeros(1)
        for x, y in batches:
            loss = torch.nn.functional.mse_loss(model(x), y)
            (loss / len(batches) if fixed else loss).backward()
            mean += loss.detach() / len(batches)
        flat = torch.cat([mean, *(p.grad.flatten() for p in model.parameters())])
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        parts = flat[1:].split([p.numel() for p in model.parameters()])
        for p, part in zip(model.parameters(), parts, strict=True):
            p.grad.copy_(part.view_as(p))
        taken.append(flat[1:])
        optimizer.step()
        optimizer.zero_grad()
        losses.append(flat[0].item())
    return losses, taken


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(1 + rank)  # data of its own
windows = [[(torch.randn(2, 3), torch.randn(2, 1)) for _ in range(4)] for _ in range(6)]
wrong_curve, wrong = train(False, windows)
curve, right = train(True, windows)

worst = max(abs(a - b) for a, b in zip(wrong_curve, curve, strict=True))
assert worst < 1e-4, f"rank {rank}: curves differ by {worst}"
torch.testing.assert_close(wrong[0], 4 * right[0])
assert not torch.allclose(wrong[0], right[0])
if rank == 0:
    norms = f"{wrong[0].norm():.3f} and not {right[0].norm():.3f}"
    print(f"curves differ by {worst:.1e}; the norm of the first gradient is {norms}")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
