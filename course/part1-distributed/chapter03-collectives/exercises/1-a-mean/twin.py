"""3.1 A mean over all ranks, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

dist.ReduceOp.AVG would not do: the mean of the ranks' means counts a rank with few numbers as much as one with many,
and the mean of no numbers is NaN. (gloo has AVG since 2025: pytorch/pytorch#149781.)
"""

import torch
import torch.distributed as dist


def mean(x: torch.Tensor) -> float:
    total = torch.stack([x.sum(), torch.tensor(float(x.numel()))])  # the sum of no numbers is 0 in torch
    dist.all_reduce(total)
    return (total[0] / total[1]).item()


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
x = torch.arange(1.0, 3 * rank + 1)  # 3 r numbers on rank r: none on rank 0
result = mean(x)
print(f"rank {rank} holds {x.tolist()}; the mean of all is {result}")

everything = [float(i) for r in range(size) for i in range(1, 3 * r + 1)]
assert abs(result - sum(everything) / len(everything)) < 1e-6, f"rank {rank} returned {result}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
