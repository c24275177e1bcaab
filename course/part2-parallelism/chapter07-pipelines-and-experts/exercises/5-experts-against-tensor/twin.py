"""7.5 Experts against tensor parallelism, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

Counts the rows that all_to_all_single is given, and the tensors that all_reduce is given, in a mixture of identity
experts: the same formulas, from torch's side. Backward is the same exchanges the other way round.
"""

import torch
import torch.distributed as dist

TOKENS, WIDTH, K = 12, 8, 2
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
experts = 2 * size
row = 4 * WIDTH
sent = 0


def exchange(rows: torch.Tensor, sends: list[int], comes: list[int]) -> torch.Tensor:
    global sent
    sent += row * (sum(sends) - sends[rank])
    out = torch.empty(sum(comes), WIDTH)
    dist.all_to_all_single(out, rows, comes, sends)
    return out


def round_trip(chosen: torch.Tensor) -> int:
    """Forward and backward of dispatch and combine. Returns the bytes that this rank sent."""
    global sent
    sent = 0
    counts = torch.bincount(chosen // 2, minlength=size)
    coming = torch.empty_like(counts)
    dist.all_to_all_single(coming, counts)
    for _ in range(2):  # forward, and backward: gradients of results go where rows went
        arrived = exchange(torch.randn(TOKENS * K, WIDTH), counts.tolist(), coming.tolist())
        exchange(arrived, coming.tolist(), counts.tolist())
    return sent


even = round_trip(torch.arange(experts).repeat(TOKENS * K // experts + 1)[: TOKENS * K].sort().values)
if TOKENS * K % experts == 0:
    assert even == 4 * row * TOKENS * K * (size - 1) // size, f"rank {rank}: {even}"
uneven = round_trip(torch.arange(2).repeat(TOKENS * K // 2).sort().values)
assert uneven == 2 * row * TOKENS * K * (size - 1 if rank == 0 else 1), f"rank {rank}: {uneven}"

x = torch.randn(TOKENS * size, WIDTH)
for _ in range(2):  # forward and backward
    dist.all_reduce(x)
tensor = 2 * 2 * (size - 1) * x.numel() * 4 // size  # in a ring
if TOKENS * K % experts == 0:
    assert even * size == tensor * K, f"rank {rank}: {even} and {tensor}"
if rank == 0:
    print(f"{size} ranks: experts send {even} B, or {uneven} B if all are rank 0's; parts of experts {tensor} B")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
