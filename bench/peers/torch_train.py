# Steps of the model of bench/train.ts in torch. Arguments: threads, rounds, and "untied" for a head of its own. Prints the
# best time in milliseconds.
import sys, time, math, torch
from torch_model import Model, batch, step

threads, rounds = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(0)
model = Model(tied="untied" not in sys.argv)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
data = batch(0)
best = math.inf
for i in range(rounds + 1):
    start = time.perf_counter()
    step(model, optimizer, *data)
    if i > 0:
        best = min(best, time.perf_counter() - start)
print(best * 1000)
