"""6.5 The vocabulary-parallel loss, in PyTorch: torchrun --standalone --nproc_per_node 4 twin.py

torch.distributed.tensor.parallel.loss_parallel does this for DTensors, Megatron-LM's vocab_parallel_cross_entropy for
plain ones. Here it is written out, and compared with F.cross_entropy over all words.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F

IGNORED = -100


def vocabulary_loss(
    logits: torch.Tensor, labels: torch.Tensor, vocabulary: int
) -> tuple[torch.Tensor, torch.Tensor]:
    counts = labels != IGNORED
    bad = (counts & ((labels < 0) | (labels >= vocabulary))).nonzero()
    if len(bad) > 0:
        row = bad[0].item()
        raise ValueError(f"row {row} has the label {labels[row]}; there are {vocabulary} words")
    first = dist.get_rank() * logits.shape[1]
    places = torch.arange(logits.shape[1])
    own = logits.masked_fill(places >= vocabulary - first, -3e38)  # finite: -inf times 0 is NaN
    top = own.amax(1)
    dist.all_reduce(top, dist.ReduceOp.MAX)
    shifted = own - top[:, None]
    exp = shifted.exp()
    hits = (places == (labels - first)[:, None]).float()
    sums = torch.stack([exp.sum(1), (shifted * hits).sum(1)])
    dist.all_reduce(sums)
    factor = counts / counts.sum().clamp(min=1)
    return ((sums[0].log() - sums[1]) * factor).sum(), (exp / sums[0][:, None] - hits) * factor[:, None]


def check(words: torch.Tensor, labels: list[int], at_least: int, padding: float) -> torch.Tensor:
    """Pads, cuts, and compares with one rank's. Returns the loss."""
    target = torch.tensor(labels)
    columns = -(-at_least // size)
    padded = F.pad(words, (0, columns * size - words.shape[1]), value=padding)
    own = padded[:, rank * columns : (rank + 1) * columns]
    loss, gradient = vocabulary_loss(own, target, words.shape[1])
    whole = words.clone().requires_grad_()
    counted = max(1, sum(label != IGNORED for label in labels))
    expected = F.cross_entropy(whole, target, ignore_index=IGNORED, reduction="sum") / counted
    expected.backward()
    wanted = F.pad(whole.grad, (0, columns * size - words.shape[1]))[:, rank * columns : (rank + 1) * columns]
    torch.testing.assert_close(loss, expected.detach())
    torch.testing.assert_close(gradient, wanted)
    return loss


dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
five = check(torch.zeros(1, 5), [3], 8, 900.0)
torch.testing.assert_close(five, torch.tensor(5.0).log())  # not ln 8
far = check(torch.tensor([[1e4, 0.0, -1e4]]), [2], 3, 0.0)
assert far.item() == 20_000, f"rank {rank}: {far.item()}"
none = check(torch.randn(2, 3), [IGNORED, IGNORED], 3, 0.0)
assert none.item() == 0, f"rank {rank}: {none.item()} where all rows are ignored"
torch.manual_seed(65)
check(4 * torch.randn(6, 11), [0, 3, IGNORED, 5, 8, 10], 12, 1.0)
try:
    vocabulary_loss(torch.zeros(2, 3), torch.tensor([0, 3 * size]), 3 * size)
    raise AssertionError(f"rank {rank} threw nothing")
except ValueError as error:
    assert f"row 1 has the label {3 * size}" in str(error), str(error)
print(f"rank {rank} agrees with cross_entropy over all words")
dist.barrier()  # nobody leaves while others still connect
dist.destroy_process_group()
