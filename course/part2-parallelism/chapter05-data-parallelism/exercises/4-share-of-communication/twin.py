"""5.4 The share of communication, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

The same formulas beside a measurement: DistributedDataParallel with buckets, with and without overlap. On two ranks of
one host the clocks are not ideal, so what is measured is printed and not compared.
"""

import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


def step(
    ranks: int, alpha: float, beta: float, micro: int, forward: float, buckets: list[tuple[float, float]]
) -> tuple[float, float, float]:
    backward = messages = free = 0.0
    for size, after in buckets:
        backward += after
        travels = 2 * (ranks - 1) * (alpha + size / ranks * beta)
        free = max(backward, free) + travels
        messages += travels
    before = micro * forward + (micro - 1) * backward
    in_turns = before + backward + messages
    hidden = 0.0 if ranks == 1 else (in_turns - before - free) / min(messages, backward)
    return messages, before + free, hidden


messages, seconds, hidden = step(4, 0, 0.02 / (1.5 * 12), 1, 0.02, [(12, 0.03), (12, 0.01)])
assert abs(messages - 0.04) < 1e-9 and abs(seconds - 0.09) < 1e-9 and abs(hidden - 0.25) < 1e-9

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.set_num_threads(1)
torch.manual_seed(54)
model = torch.nn.Sequential(*(torch.nn.Linear(512, 512) for _ in range(8)))
ddp = DistributedDataParallel(model, bucket_cap_mb=2)
x = torch.randn(256, 512)


def timed(run) -> float:
    dist.barrier()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def alone() -> None:
    with ddp.no_sync():
        ddp(x).sum().backward()


def sums() -> None:
    for parameter in model.parameters():
        dist.all_reduce(parameter.grad)


for _ in range(2):
    ddp(x).sum().backward()
computes = min(timed(alone) for _ in range(5))
sends = min(timed(sums) for _ in range(5))
both = min(timed(lambda: ddp(x).sum().backward()) for _ in range(5))
if rank == 0:
    share = (computes + sends - both) / min(computes, sends)
    print(f"alone {computes * 1e3:.1f} ms, messages {sends * 1e3:.1f} ms, DDP {both * 1e3:.1f} ms: {share:.0%} hidden")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
