"""6.2 Online softmax, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

torch.distributed.tensor.experimental has context_parallel, which does this with the flash kernels' o and lse. Here
the ring is written out, and compared with scaled_dot_product_attention over all keys.
"""

import torch
import torch.distributed as dist

Found = tuple[torch.Tensor, torch.Tensor]


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Found:
    """o, and the logarithm of the sum; logsumexp over no keys is -inf, and a product over none is 0."""
    scores = q @ k.T
    lse = scores.logsumexp(1)
    return (scores - lse.clamp(min=-1e38)[:, None]).exp() @ v, lse


def join(a: Found, b: Found) -> Found:
    lse = torch.logaddexp(a[1], b[1])  # -inf and -inf give -inf
    safe = lse.clamp(min=-1e38)
    return sum(o * (each - safe).exp()[:, None] for o, each in (a, b)), lse


def ring_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, lengths: list[int]) -> Found:
    rank, size = dist.get_rank(), dist.get_world_size()
    found = attend(q, k, v)
    block = torch.cat([k, v], 1)  # one message for both
    for step in range(1, size):
        incoming = torch.empty(lengths[(rank - step) % size], block.shape[1])
        ops = []
        if len(block) > 0:
            ops.append(dist.P2POp(dist.isend, block, (rank + 1) % size))
        if len(incoming) > 0:
            ops.append(dist.P2POp(dist.irecv, incoming, (rank - 1) % size))
        for work in dist.batch_isend_irecv(ops) if ops else []:
            work.wait()
        block = incoming
        found = join(found, attend(q, *block.split([k.shape[1], v.shape[1]], 1)))
    return found


# The example: three keys with value 1, one with value 5, all scores 0.
o, lse = join((torch.tensor([[1.0]]), torch.tensor([3.0]).log()), (torch.tensor([[5.0]]), torch.zeros(1)))
torch.testing.assert_close(o, torch.tensor([[2.0]]))
torch.testing.assert_close(lse, torch.tensor([4.0]).log())
o, lse = join((torch.zeros(1, 1), torch.full((1,), -torch.inf)), (torch.zeros(1, 1), torch.full((1,), -torch.inf)))
assert o.item() == 0 and lse.item() == -torch.inf, f"{o} and {lse} where nobody has a key"

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(62)  # the same numbers on all ranks: each takes its part
lengths = [r for r in range(size)]  # rank 0 has no keys
keys, values = torch.randn(sum(lengths), 8), torch.randn(sum(lengths), 4)
queries = torch.randn(size, 3, 8)
k, v = (x.split(lengths)[rank].contiguous() for x in (keys, values))
o, lse = ring_attention(queries[rank], k, v, lengths)
expected = torch.nn.functional.scaled_dot_product_attention(queries[rank], keys, values, scale=1.0)
torch.testing.assert_close(o, expected, msg=lambda text: f"rank {rank}: {text}")
torch.testing.assert_close(lse, (queries[rank] @ keys.T).logsumexp(1), msg=lambda text: f"rank {rank}: {text}")
print(f"rank {rank} agrees with attention over all keys")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
