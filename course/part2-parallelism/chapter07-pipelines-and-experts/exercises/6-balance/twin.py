"""7.6 Balance, in PyTorch: python3 twin.py

The term with autograd, against the gradient by hand; and the three that look like it: over concatenated layers, with
padding, and in Hugging Face's convention (transformers' load_balancing_loss_func is k when it is balanced).
"""

import torch
import torch.nn.functional as F


def balance(scores: torch.Tensor, k: int, real: torch.Tensor) -> torch.Tensor:
    """scores [tokens, experts], of one layer and one micro-batch."""
    scores = scores[real]
    experts = scores.shape[1]
    chosen = scores.topk(k).indices
    f = F.one_hot(chosen, experts).sum((0, 1)) / (len(scores) * k)
    return experts * (f * scores.softmax(-1).mean(0)).sum()


everyone = torch.ones(3, dtype=torch.bool)
one, other = torch.tensor([[20.0, -20.0]] * 3), torch.tensor([[-20.0, 20.0]] * 3)
apart = balance(one, 1, everyone) + balance(other, 1, everyone)
assert torch.isclose(apart, torch.tensor(4.0)), apart
together = balance(torch.cat([one, other]), 1, torch.ones(6, dtype=torch.bool))
assert torch.isclose(together, torch.tensor(1.0)), together  # which says that all is well

torch.manual_seed(76)
scores = torch.randn(6, 5, requires_grad=True)
real = torch.tensor([True, True, False, True, True, False])
balance(scores, 2, real).backward()
p = scores.detach().softmax(-1)
f = F.one_hot(scores.detach()[real].topk(2).indices, 5).sum((0, 1)) / (4 * 2)
by_hand = 5 / 4 * p * (f - (p * f).sum(-1, keepdim=True)) * real[:, None]
torch.testing.assert_close(scores.grad, by_hand)

# One expert whose weight is made to be 1: no gradient. As a share among all experts it has one.
scores = torch.tensor([[2.0, 0.0]], requires_grad=True)
share = scores.softmax(-1)[:, :1]
(normalized,) = torch.autograd.grad((share / share.sum(-1, keepdim=True) * 3).sum(), scores, retain_graph=True)
(plain,) = torch.autograd.grad((share * 3).sum(), scores)
assert normalized.abs().max() < 1e-6, normalized
torch.testing.assert_close(plain, torch.tensor([[0.314981, -0.314981]]), atol=1e-5, rtol=0)
print("the gradient by hand is autograd's; layers together say 1 where each says 2")
