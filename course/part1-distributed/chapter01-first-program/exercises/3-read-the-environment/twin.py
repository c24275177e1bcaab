"""1.3 Read the environment, in PyTorch: torchrun --standalone --nproc_per_node 2 twin.py

init_process_group reads RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as torchrun sets them, and knows no other
launcher: under srun or mpirun somebody has to translate, which is what `identity` does.
"""

import os
from typing import Mapping, NamedTuple

import torch.distributed as dist

LAUNCHERS = (
    ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"),
)


class Identity(NamedTuple):
    rank: int
    world_size: int
    local_rank: int
    leader: bool


def identity(env: Mapping[str, str]) -> Identity:
    for rank_name, size_name, local_name in LAUNCHERS:
        if rank_name in env and size_name in env:
            rank = int(env[rank_name])
            return Identity(rank, int(env[size_name]), int(env.get(local_name, rank)), rank == 0)
    raise RuntimeError("This process does not know who it is: set RANK and WORLD_SIZE, or use a launcher.")


slurm = {"SLURM_PROCID": "12", "SLURM_NTASKS": "16", "SLURM_LOCALID": "4"}
mpi = {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"}
assert identity(slurm) == (12, 16, 4, False)
assert identity(slurm | mpi) == (0, 2, 0, True)  # mpirun inside a Slurm job: the upper row wins, nothing is mixed
try:
    identity({"RANK": "0"})
except RuntimeError as error:
    assert "RANK" in str(error) and "WORLD_SIZE" in str(error)
else:
    raise AssertionError("a rank without a world size is no identity")

# What torchrun told this process is what init_process_group makes of it.
mine = identity(os.environ)
dist.init_process_group("gloo")
print(mine)
assert (mine.rank, mine.world_size) == (dist.get_rank(), dist.get_world_size())
assert mine.local_rank == int(os.environ["LOCAL_RANK"])
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
