"""1.5 A rendezvous of your own, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

No process group is made here: ranks are what this hands out. torchrun has a TCPStore at MASTER_ADDR and
MASTER_PORT, where its own rendezvous takes place; a prefix keeps our keys apart from its keys.
"""

import os

import torch.distributed as dist


def rendezvous(store: dist.Store, name: str, count: int) -> tuple[int, list[str]]:
    rank = store.add("count", 1) - 1  # one step on the server, and the sum comes back
    store.set(f"name/{rank}", name)
    names = [store.get(f"name/{r}").decode() for r in range(count)]  # waits for the key; values are bytes, not text
    return rank, names


# Everybody is a client: the server runs in torchrun. (Without torchrun one process says is_master=True.)
server = dist.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
store = dist.PrefixStore("twin-1.5", server)
name, count = f"process-{os.getpid()}", int(os.environ["WORLD_SIZE"])
rank, names = rendezvous(store, name, count)
print(f"{name} is rank {rank} of {names}; torchrun calls it {os.environ['RANK']}")

assert len(names) == len(set(names)) == count, names
assert names[rank] == name, f"rank {rank} is {names[rank]} and not {name}"
