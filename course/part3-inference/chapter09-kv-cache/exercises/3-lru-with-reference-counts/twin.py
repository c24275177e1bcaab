"""9.3 LRU with reference counts, in PyTorch: python3 twin.py

No tensor is needed: vLLM's BlockPool is Python, too. An OrderedDict is its queue of blocks that nobody holds.
"""

from collections import OrderedDict


class Pool:
    def __init__(self, pages: int):
        self.holders = [0] * pages
        self.key_of: list[str | None] = [None] * pages
        self.by_key: dict[str, int] = {}
        self.free, self.kept = list(range(pages)), OrderedDict()  # kept: the least recently released first

    def hold(self, page: int) -> None:
        self.holders[page] += 1
        self.kept.pop(page, None)

    def let_go(self, page: int) -> None:
        self.holders[page] -= 1
        if self.holders[page] > 0:
            return
        if self.key_of[page] is None:
            self.free.append(page)
        else:
            self.kept[page] = None

    def allocate(self, count: int) -> list[int] | None:
        if len(self.free) + len(self.kept) < count:
            return None
        pages = [self.free.pop(0) if self.free else self.kept.popitem(last=False)[0] for _ in range(count)]
        for page in pages:
            self.by_key.pop(self.key_of[page], None)
            self.key_of[page], self.holders[page] = None, 1
        return pages

    def keep(self, keys: list[str], pages: list[int]) -> list[int]:
        now = []
        for key, page in zip(keys, pages, strict=True):
            known = self.by_key.setdefault(key, page)
            if known == page:
                self.key_of[page] = key
            else:  # two requests computed the same: hold what is there, and give one's own back
                self.hold(known)
                self.let_go(page)
            now.append(known)
        return now

    def match(self, keys: list[str]) -> list[int]:
        found = []
        for key in keys:
            if key not in self.by_key:
                break
            found.append(self.by_key[key])
            self.hold(found[-1])
        return found

    def release(self, pages: list[int]) -> None:
        for page in reversed(pages):
            self.let_go(page)


pool = Pool(2)
a = pool.allocate(2)
assert pool.keep(["x", "x y"], a) == a == [0, 1]
pool.release(a)
assert pool.match(["x", "x z"]) == [0]
assert pool.allocate(2) is None and pool.allocate(1) == [1]  # page 0 is held; the end of the prefix goes
assert pool.match(["x", "x y"]) == [0]
pool.release([0])
pool.release([0])
assert pool.allocate(1) == [0] and pool.match(["x"]) == []
twice = Pool(4)
first, second = twice.allocate(2), twice.allocate(2)
assert twice.keep(["p", "p q"], first) == twice.keep(["p", "p q"], second) == first
assert twice.allocate(2) is not None and twice.allocate(1) is None
print("the pool holds what is read, and gives up what was used longest ago")
