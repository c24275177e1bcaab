"""The peer of `worldsize bench` over torch's gloo: python3 gloo.py all-reduce|p2p|hello RANKS [BYTES ITERATIONS]..."""
import json
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def best_of(rounds, iterations, body):
    best = 1e9
    for _ in range(rounds):
        dist.barrier()
        start = time.perf_counter()
        for _ in range(iterations):
            body()
        best = min(best, (time.perf_counter() - start) / iterations)
    return best


def all_reduce(rank, bytes, iterations):
    data = torch.zeros(bytes // 4)
    for _ in range(iterations // 4 + 1):
        dist.all_reduce(data)
    return best_of(3, iterations, lambda: dist.all_reduce(data))


def p2p(rank, bytes, iterations):
    data = torch.zeros(bytes, dtype=torch.uint8)

    def there_and_back():
        if rank == 0:
            dist.send(data, 1)
            dist.recv(data, 1)
        elif rank == 1:
            dist.recv(data, 0)
            dist.send(data, 0)

    return best_of(4, iterations, there_and_back)


def hello(rank, size):
    """The same steps as the script hello-distributed."""
    print(f"Hello from rank {rank} of {size}, in process {os.getpid()}")
    dist.barrier()
    homes = [None] * size
    dist.all_gather_object(homes, {"rank": rank, "process": os.getpid()})
    mine, theirs = torch.tensor([rank]), torch.zeros(1, dtype=torch.long)
    sent = dist.isend(mine, (rank + 1) % size)
    dist.recv(theirs, (rank - 1) % size)
    sent.wait()
    number = torch.tensor([rank + 1])
    dist.all_reduce(number)
    print(f"rank {rank}: left is {theirs.item()}, the sum is {number.item()}", flush=True)


def main(rank, what, size, port, cases):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
    dist.init_process_group("gloo", rank=rank, world_size=size)
    if what == "hello":
        hello(rank, size)
    for bytes, iterations in cases:
        seconds = (all_reduce if what == "all-reduce" else p2p)(rank, bytes, iterations)
        if rank == 0:
            print(json.dumps({"bytes": bytes, "seconds": seconds}), flush=True)
    dist.barrier()


if __name__ == "__main__":
    what, size = sys.argv[1], int(sys.argv[2])
    numbers = [int(text) for text in sys.argv[3:]]
    port = 20000 + os.getpid() % 12000  # below the ports that systems give out by themselves
    mp.spawn(main, args=(what, size, port, list(zip(numbers[::2], numbers[1::2]))), nprocs=size)
