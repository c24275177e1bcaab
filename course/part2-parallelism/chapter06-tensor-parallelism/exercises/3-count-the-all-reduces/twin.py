"""6.3 Count the all_reduces, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

CommDebugMode counts the collectives that DTensor issues. A stack of MLPs with a norm before each stands for the
layers: one pair of columns and rows where a whole layer has two. There is no embedding here and no head.
"""

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor.debug import CommDebugMode
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

PAIRS, TOKENS, WIDTH = 3, 6, 12


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.RMSNorm(WIDTH)
        self.up = torch.nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.down = torch.nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.down(torch.relu(self.up(self.norm(x))))


def counted(mode: CommDebugMode) -> int:
    return sum(n for op, n in mode.get_comm_counts().items() if "all_reduce" in str(op))


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(63)
model = torch.nn.Sequential(*(Block() for _ in range(PAIRS)))
mesh = init_device_mesh("cpu", (size,))
for block in model:
    parallelize_module(block, mesh, {"up": ColwiseParallel(), "down": RowwiseParallel()})
x = torch.randn(TOKENS, WIDTH, requires_grad=True)
with CommDebugMode() as forward:
    y = model(x).sum()
with CommDebugMode() as backward:
    y.backward()
assert counted(forward) == PAIRS, f"rank {rank}: {counted(forward)} forward"
assert counted(backward) == PAIRS, f"rank {rank}: {counted(backward)} backward"
if rank == 0:
    print(f"{PAIRS} pairs of columns and rows: {counted(forward)} all_reduces forward, {counted(backward)} backward")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
