"""1.1 A world of eight, in PyTorch: torchrun --standalone --nproc_per_node 8 twin.py"""

import torch
import torch.distributed as dist

# torchrun starts the processes and tells each who it is, in its environment; this reads it. `worldsize` does both.
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()

print(f"rank {rank} of {size}")  # straight to the terminal, in any order; our show.line names the rank

count = torch.ones(1)
dist.all_reduce(count)  # in place, as ours; the operation is a sum unless another is named
if rank == 0:
    print(f"{int(count.item())} ranks are here")

assert count.item() == size, f"rank {rank} counted {count.item()} of {size}"
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
