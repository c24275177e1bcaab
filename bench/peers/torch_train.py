# Steps of the model of bench/train.ts in torch. Arguments: threads, rounds. Prints the best time in milliseconds.
import sys, time, math, torch, torch.nn as nn, torch.nn.functional as F

threads, rounds = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
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
    def __init__(self):
        super().__init__()
        self.embed, self.positions = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks = nn.ModuleList([Block() for _ in range(L)])
        self.norm = nn.LayerNorm(D)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, x, mask):
        h = self.embed(x) + self.positions.weight
        for b in self.blocks:
            h = b(h, mask)
        return F.linear(self.norm(h), self.embed.weight)


torch.manual_seed(0)
model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
x, y = torch.randint(0, V, (B, T)), torch.randint(0, V, (B, T))
mask = torch.full((T, T), float("-inf")).triu(1)
best = math.inf
for i in range(rounds + 1):
    start = time.perf_counter()
    loss = F.cross_entropy(model(x, mask).view(-1, V), y.view(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if i > 0:
        best = min(best, time.perf_counter() - start)
print(best * 1000)
