"""9.5 Insert and split, in PyTorch: python3 twin.py

No tensor is needed. SGLang's _split_node is the same: the new node is the front, with the child's lock_ref, and the
child object stays at the end, where requests hold it.
"""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    tokens: list[int] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    parent: "Node | None" = None
    locks: int = 0
    children: "dict[int, Node]" = field(default_factory=dict)


def split(node: Node, length: int) -> Node:
    front = Node(node.tokens[:length], node.pages[:length], node.parent, node.locks, {node.tokens[length]: node})
    node.parent.children[front.tokens[0]] = front
    node.tokens, node.pages, node.parent = node.tokens[length:], node.pages[length:], front
    return front


def insert(root: Node, tokens: list[int], pages: list[int]) -> Node:
    node, at = root, 0
    while at < len(tokens):
        child = node.children.get(tokens[at])
        if child is None:
            leaf = node.children[tokens[at]] = Node(tokens[at:], pages[at:], node)
            return leaf
        same = 0
        while same < min(len(child.tokens), len(tokens) - at) and child.tokens[same] == tokens[at + same]:
            same += 1
        node = child if same == len(child.tokens) else split(child, same)
        at += same
    return node


def lock(node: Node, by: int) -> None:
    while node.parent is not None:
        node.locks += by
        node = node.parent


def shape(node: Node) -> list[tuple[list[int], list[int], int]]:
    below = [shape(child) for _, child in sorted(node.children.items())]
    return [(node.tokens, node.pages, node.locks)] * (node.parent is not None) + sum(below, [])


root = Node()
first = insert(root, [5, 6, 7, 8], [0, 1, 2, 3])
lock(first, 1)
second = insert(root, [5, 6, 9], [4, 5, 6])
lock(second, 1)
assert shape(root) == [([5, 6], [0, 1], 2), ([7, 8], [2, 3], 1), ([9], [6], 1)]
third = insert(root, [5, 6, 7], [7, 8, 9])
assert third.tokens == [7] and third.pages == [2] and third.locks == 1
lock(first, -1)
assert shape(root) == [([5, 6], [0, 1], 1), ([7], [2], 0), ([8], [3], 0), ([9], [6], 1)]
lock(second, -1)
assert all(locks == 0 for _, _, locks in shape(root))
print("a node that is held was split twice, and every lock has come off again")
