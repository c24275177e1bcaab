"""4.5 Average gradients, a bucket at a time, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

DistributedDataParallel(model) is what one writes; it does this, and this is compared with its result. Where it differs:
it closes a bucket when the size has been reached, so a bucket may be larger than bucket_cap_mb; unless that is given,
it is 25 MiB, and 1 MiB for the first bucket, so that something leaves soon; and gradients can be views of their buckets
(gradient_as_bucket_view=True), so that nothing is packed or unpacked.
"""

import copy

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


def plan(sizes: list[int], bucket_bytes: int) -> list[list[int]]:
    """Indices of consecutive gradients, as many as fit in a bucket."""
    buckets: list[list[int]] = []
    used = 0
    for i, size in enumerate(sizes):
        if i == 0 or used + size > bucket_bytes:
            buckets.append([])
            used = 0
        buckets[-1].append(i)
        used += size
    return buckets


class Averager:
    """Averages the gradients of a model over all ranks while backward goes on."""

    def __init__(self, model: torch.nn.Module, bucket_bytes: int) -> None:
        # Backward makes the last layer's gradients first.
        self.parameters = list(model.parameters())[::-1]
        sizes = [p.numel() * p.element_size() for p in self.parameters]
        self.buckets = plan(sizes, bucket_bytes)
        self.ready = 0
        self.started: list[tuple[int, torch.Tensor, dist.Work]] = []  # and how many gradients were ready then
        self.missing = [len(bucket) for bucket in self.buckets]
        for b, bucket in enumerate(self.buckets):
            for i in bucket:
                # Where ours awaits ready(i), torch calls back: in backward, when a parameter's gradient is there.
                self.parameters[i].register_post_accumulate_grad_hook(lambda _, b=b: self.on_ready(b))

    def on_ready(self, b: int) -> None:
        self.ready += 1
        self.missing[b] -= 1
        # In the order of the buckets: collectives pair up by their order, and all ranks must have the same.
        while (n := len(self.started)) < len(self.buckets) and self.missing[n] == 0:
            flat = torch.cat([self.parameters[i].grad.flatten() for i in self.buckets[n]])
            # A hook cannot wait for 2 (n - 1) steps; the backend runs its own ring or tree, and backward goes on.
            self.started.append((self.ready, flat, dist.all_reduce(flat, async_op=True)))

    def finish(self) -> None:
        for bucket, (_, flat, work) in zip(self.buckets, self.started, strict=True):
            work.wait()
            flat.div_(dist.get_world_size())
            parts = flat.split([self.parameters[i].numel() for i in bucket])
            for i, part in zip(bucket, parts):
                self.parameters[i].grad.copy_(part.view_as(self.parameters[i].grad))


assert plan([40, 24, 80, 12, 20, 48], 64) == [[0, 1], [2], [3, 4], [5]]

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(45)  # the same model on every rank
layers = [torch.nn.Linear(a, b) for a, b in ((20, 64), (64, 300), (300, 17), (17, 5))]
model = torch.nn.Sequential(*(part for layer in layers for part in (layer, torch.nn.ReLU())))
reference = DistributedDataParallel(copy.deepcopy(model), bucket_cap_mb=0.01)
averager = Averager(model, bucket_bytes=8192)

torch.manual_seed(rank)  # a batch of its own
batch = torch.randn(32, 20)
model(batch).square().mean().backward()
averager.finish()
reference(batch).square().mean().backward()  # averages on its own

for (name, ours), theirs in zip(model.named_parameters(), reference.parameters(), strict=True):
    torch.testing.assert_close(ours.grad, theirs.grad, msg=lambda text: f"rank {rank}, {name}: {text}")
everything = torch.cat([p.grad.flatten() for p in model.parameters()])
copies = [torch.empty_like(everything) for _ in range(size)]
dist.all_gather(copies, everything)
assert all(torch.equal(each, everything) for each in copies), "the same bits on all ranks"

ready = [count for count, _, _ in averager.started]
last = [bucket[-1] + 1 for bucket in averager.buckets]
assert ready == last and ready[0] < len(averager.parameters), f"started with {ready} gradients ready, not {last}"
if rank == 0:
    print(f"{len(last)} buckets; they started when {ready} of {len(averager.parameters)} gradients were ready")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
