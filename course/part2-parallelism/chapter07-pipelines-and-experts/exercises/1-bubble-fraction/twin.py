"""7.1 The bubble's share, in PyTorch: python3 twin.py

No tensor is needed: torch's Schedule1F1B has the same rows. The bubble is counted on a grid, action by action, and held
against the formula; so is what each rank keeps.
"""


def bubble(ranks: int, micro_batches: int, chunks: int = 1) -> float:
    return (ranks - 1) / (chunks * micro_batches + ranks - 1)


def one_f_one_b(ranks: int, micro_batches: int) -> list[list[tuple[str, int]]]:
    rows = []
    for rank in range(ranks):
        warmup = min(ranks - rank - 1, micro_batches)
        row = [("F", m) for m in range(warmup)]
        for m in range(micro_batches):
            if warmup + m < micro_batches:
                row.append(("F", warmup + m))
            row.append(("B", m))
        rows.append(row)
    return rows


def makespan(rows: list[list[tuple[str, int]]]) -> int:
    """Forward and backward take a slot each; a rank does its row in order."""
    ends: dict[tuple[int, str, int], int] = {}
    at, free = [0] * len(rows), [0] * len(rows)
    while any(at[r] < len(row) for r, row in enumerate(rows)):
        for r, row in enumerate(rows):
            while at[r] < len(row):
                kind, m = row[at[r]]
                before = (r - 1, "F", m) if kind == "F" else (r + 1, "B", m)
                if 0 <= before[0] < len(rows) and before not in ends:
                    break
                free[r] = max(free[r], ends.get(before, 0)) + 1
                ends[r, kind, m] = free[r]
                at[r] += 1
    return max(free)


def peak(row: list[tuple[str, int]]) -> int:
    kept = most = 0
    for kind, _ in row:
        kept += 1 if kind == "F" else -1
        most = max(most, kept)
    return most


for p, m in [(1, 5), (3, 3), (5, 1), (7, 3), (8, 32)]:
    rows = one_f_one_b(p, m)
    slots = makespan(rows)
    assert abs(1 - 2 * m / slots - bubble(p, m)) < 1e-12, (p, m)
    assert [peak(row) for row in rows] == [min(p - r, m) for r in range(p)], (p, m)
print(f"8 ranks, 32 micro-batches: {slots} slots, a bubble of {bubble(8, 32):.4f}; kept {[peak(row) for row in rows]}")
