"""9.4 A block table by hand, in PyTorch: python3 twin.py

The memory is a tensor of pages. Keys are written by index_copy_, read through the table, and compared with what a plain
cache of each sequence has; attention through the table equals attention over it.
"""

import torch


class Tables:
    def __init__(self, pages: int, page_size: int):
        self.size, self.free_pages = page_size, list(range(pages))[::-1]
        self.named, self.tables, self.lengths = [0] * pages, {}, {}

    def take(self) -> int:
        page = self.free_pages.pop()
        self.named[page] = 1
        return page

    def release(self, page: int) -> None:
        self.named[page] -= 1
        if self.named[page] == 0:
            self.free_pages.append(page)

    def begin(self, i: int) -> None:
        self.tables[i], self.lengths[i] = [], 0

    def append(self, i: int, count: int) -> tuple[list[int], list[tuple[int, int]]]:
        table, slots, copies = self.tables[i], [], []
        if self.lengths[i] % self.size and self.named[table[-1]] > 1:
            page = self.take()
            copies.append((table[-1], page))
            self.release(table[-1])
            table[-1] = page
        for place in range(self.lengths[i], self.lengths[i] + count):
            if place % self.size == 0:
                table.append(self.take())
            slots.append(table[place // self.size] * self.size + place % self.size)
        self.lengths[i] += count
        return slots, copies

    def fork(self, i: int, other: int) -> None:
        for page in self.tables[i]:
            self.named[page] += 1
        self.tables[other], self.lengths[other] = list(self.tables[i]), self.lengths[i]

    def free(self, i: int) -> None:
        for page in self.tables.pop(i):
            self.release(page)
        del self.lengths[i]


torch.manual_seed(94)
SIZE, DIM = 4, 8
tables = Tables(5, SIZE)
keys, plain = torch.zeros(5 * SIZE, DIM), {}


def append(i: int, count: int) -> int:
    slots, copies = tables.append(i, count)
    for source, to in copies:
        keys.view(-1, SIZE, DIM)[to] = keys.view(-1, SIZE, DIM)[source]
    new = torch.randn(count, DIM)
    keys.index_copy_(0, torch.tensor(slots), new)
    plain[i] = torch.cat([plain[i], new])
    for each, table in tables.tables.items():
        read = keys.view(-1, SIZE, DIM)[table].reshape(-1, DIM)[: tables.lengths[each]]
        assert torch.equal(read, plain[each]), f"sequence {each} reads what is not its own"
        q = torch.randn(1, DIM)
        paged, whole = (torch.softmax(q @ k.T / DIM**0.5, -1) @ k for k in (read, plain[each]))
        assert torch.equal(paged, whole)
    return len(copies)


tables.begin(0)
plain[0] = torch.zeros(0, DIM)
append(0, 6)
for other in (1, 2):
    tables.fork(0, other)
    plain[other] = plain[0].clone()
copied = [append(i, 1) for i in (0, 1, 2)]
assert copied == [1, 1, 0], copied
tables.free(0)
append(1, 2)
tables.free(1)
tables.free(2)
assert sorted(tables.free_pages) == list(range(5))
print("three sequences read their own tokens; two pages were copied, and all five have come back")
