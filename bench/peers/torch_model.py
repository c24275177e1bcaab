# The model of bench/train.ts in torch: 6 layers of width 384, 8 sequences of 256 tokens.
import math, torch, torch.nn as nn, torch.nn.functional as F

V, D, L, H, T, B = 4096, 384, 6, 6, 256, 8


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.qkv, self.o = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.up, self.down = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)

    def forward(self, x, mask):
        q, k, v = (y.view(B, T, H, D // H).transpose(1, 2) for y in self.qkv(self.n1(x)).split(D, 2))
        a = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(D // H)) + mask
        y = (F.softmax(a, -1) @ v).transpose(1, 2).reshape(B, T, D)
        x = x + self.o(y)
        return x + self.down(F.gelu(self.up(self.n2(x)), approximate="tanh"))


class Model(nn.Module):
    def __init__(self, tied=True):
        super().__init__()
        self.embed, self.positions = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks = nn.ModuleList([Block() for _ in range(L)])
        self.norm = nn.LayerNorm(D)
        self.head = self.embed if tied else nn.Linear(D, V, bias=False)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, x, mask):
        h = self.embed(x) + self.positions.weight
        for b in self.blocks:
            h = b(h, mask)
        return F.linear(self.norm(h), self.head.weight)


def batch(seed):
    torch.manual_seed(seed)
    mask = torch.full((T, T), float("-inf")).triu(1)
    return torch.randint(0, V, (B, T)), torch.randint(0, V, (B, T)), mask


def step(model, optimizer, x, y, mask):
    loss = F.cross_entropy(model(x, mask).view(-1, V), y.view(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
