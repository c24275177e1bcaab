"""9.2 One system prompt, in PyTorch: python3 twin.py

No tensor is needed. vLLM's way: a page's key is the hash of the key before it and of its own tokens
(hash_block_tokens), and at most prompt - 1 tokens may be hits.
"""


def served(shared: int, own: list[int], page_size: int, at_once: bool = False) -> tuple[int, int]:
    common, computed = shared // page_size, 0
    pages = common
    for i, more in enumerate(own):
        prompt = shared + more
        found = min(common, (prompt - 1) // page_size) if i > 0 and not at_once else 0
        computed += prompt - found * page_size
        pages += prompt // page_size - common
    return computed, pages


def by_hashes(shared: int, own: list[int], page_size: int, at_once: bool = False) -> tuple[int, int]:
    known: set[int] = set()
    computed, later = 0, set()
    for i, more in enumerate(own):
        tokens = [("system", t) for t in range(shared)] + [(f"own {i}", t) for t in range(more)]
        keys, before = [], None
        for end in range(page_size, len(tokens) + 1, page_size):
            before = hash((before, tuple(tokens[end - page_size : end])))
            keys.append(before)
        hits = 0
        while hits < min(len(keys), (len(tokens) - 1) // page_size) and keys[hits] in known:
            hits += 1
        computed += len(tokens) - hits * page_size
        (later if at_once else known).update(keys)
    return computed, len(known | later)


for plan in [
    (500, [20] * 100, 16),
    (32, [0, 0], 16),
    (9, [0, 0], 4),
    (15, [40, 40], 16),
    (0, [7, 33], 16),
    (48, [0, 0, 12], 16, True),
]:
    assert served(*plan) == by_hashes(*plan), plan
print(f"100 requests of 500 + 20 tokens: {served(500, [20] * 100, 16)[0]} of 52000 tokens are run")
