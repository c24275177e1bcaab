"""4.1 Read a topology, in Python: python3 twin.py

PyTorch does not do this: nccl reads the machine when a group is made, and lays its rings and trees itself. What it
found is printed with NCCL_DEBUG=INFO and NCCL_DEBUG_SUBSYS=GRAPH. So there is no torch in this twin.
"""

from itertools import permutations

SLOWEST = ["SYS", "NODE", "PHB", "PXB", "PIX"]


def speed(entry: str) -> int:
    """Larger is faster; any number of NVLinks beats PCIe."""
    return len(SLOWEST) + int(entry[2:]) if entry.startswith("NV") else SLOWEST.index(entry)


def worth(ring: list[str], between: dict[str, dict[str, str]]) -> int:
    return min(speed(between[a][b]) for a, b in zip(ring, ring[1:] + ring[:1]))


def best_ring(names: list[str], between: dict[str, dict[str, str]]) -> list[str]:
    rings = ([names[0], *rest] for rest in permutations(names[1:]))
    return max(rings, key=lambda ring: worth(ring, between))


def read(text: str) -> dict[str, dict[str, str]]:
    """The matrix of `nvidia-smi topo -m`, without what stands to the right of it."""
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return {row[0]: dict(zip(head, row[1:])) for row in rows}


between = read(
    """
            GPU0   GPU1   GPU2   GPU3
    GPU0    X      SYS    NV4    PHB
    GPU1    SYS    X      PHB    NV2
    GPU2    NV4    PHB    X      SYS
    GPU3    PHB    NV2    SYS    X
    """
)
ring = best_ring(list(between), between)
print(" → ".join(ring))

assert sorted(ring) == sorted(between)
assert worth(ring, between) == speed("PHB"), ring  # no ring avoids both SYS and PHB
assert worth(list(between), between) == speed("SYS")  # the order of the names is no good ring
