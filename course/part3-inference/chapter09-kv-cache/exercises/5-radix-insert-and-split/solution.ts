// A radix tree of prefixes, in the form of SGLang's RadixCache (Zheng et al., 2024): locks along the path, splits that keep the end.
interface Node {
  tokens: number[];
  /** As many as tokens. */
  pages: number[];
  locks: number;
  parent: Node | undefined;
  /** By the first token of each. */
  children: Map<number, Node>;
}

/** A new node takes the first tokens of one; that one keeps the rest, and stays the same object. */
function split(node: Node, length: number): Node {
  const parent = node.parent as Node;
  const front: Node = {
    tokens: node.tokens.slice(0, length),
    pages: node.pages.slice(0, length),
    locks: node.locks,
    parent,
    children: new Map([[node.tokens[length], node]]),
  };
  parent.children.set(front.tokens[0], front);
  node.tokens = node.tokens.slice(length);
  node.pages = node.pages.slice(length);
  node.parent = front;
  return front;
}

/** @returns the node at whose end the tokens end. */
export function insert(root: Node, tokens: number[], pages: number[]): Node {
  let node = root;
  let at = 0;
  while (at < tokens.length) {
    const next = node.children.get(tokens[at]);
    if (!next) {
      const leaf: Node = {
        tokens: tokens.slice(at),
        pages: pages.slice(at),
        locks: 0,
        parent: node,
        children: new Map(),
      };
      node.children.set(tokens[at], leaf);
      return leaf;
    }
    let same = 1;
    while (same < next.tokens.length && next.tokens[same] === tokens[at + same]) same++;
    node = same < next.tokens.length ? split(next, same) : next;
    at += same;
  }
  return node;
}
