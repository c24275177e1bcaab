# PyTorch in one thread: `torch_kernels.py WHAT SIZE` prints the milliseconds of the best of several runs.
import sys, time, math, torch

what, size = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(1)
torch.manual_seed(0)


def attention():
    """Causal, 8 heads of 64, `size` tokens; without a fused one as PyTorch 1.13 computes it: scores, mask, softmax, product."""
    q, k, v = (torch.randn(1, 8, size, 64) for _ in range(3))
    mask = torch.full((size, size), -math.inf).triu(1)
    fused = getattr(torch.nn.functional, "scaled_dot_product_attention", None)
    if fused:
        return lambda: fused(q, k, v, is_causal=True)
    return lambda: torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(64) + mask, -1) @ v


def gemm():
    a, b = torch.randn(size, size), torch.randn(size, size)
    return lambda: a @ b


def add():
    """`size` small additions."""
    a, b = torch.ones(16), torch.ones(16)

    def run():
        for _ in range(size):
            a + b

    return run


best = math.inf
with torch.inference_mode():
    run = {"attention": attention, "gemm": gemm, "add": add}[what]()
    for _ in range(12):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
print(best * 1e3)
