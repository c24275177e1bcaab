# Steps of the same model in torch's DistributedDataParallel over gloo, one process with one thread for each rank.
# Arguments: ranks, rounds. Prints the best time of the slowest rank in milliseconds.
import os, sys, time, math, socket, torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch_model import Model, batch, step


def main(rank, ranks, port, rounds):
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    torch.manual_seed(0)
    model = torch.nn.parallel.DistributedDataParallel(Model(tied=False), gradient_as_bucket_view=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    data = batch(rank)
    best = math.inf
    for i in range(rounds + 1):
        dist.barrier()
        start = time.perf_counter()
        step(model, optimizer, *data)
        dist.barrier()
        if i > 0:
            best = min(best, time.perf_counter() - start)
    if rank == 0:
        print(best * 1000)


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(main, args=(int(sys.argv[1]), port, int(sys.argv[2])), nprocs=int(sys.argv[1]))
