// Goes down by calling itself; a split moves the first tokens into a new node above, token by token.
interface Node {
  tokens: number[];
  pages: number[];
  locks: number;
  parent: Node | undefined;
  children: Map<number, Node>;
}

export function insert(node: Node, tokens: number[], pages: number[]): Node {
  if (tokens.length === 0) return node;
  const child = node.children.get(tokens[0]);
  if (child === undefined) {
    const leaf: Node = { tokens, pages, locks: 0, parent: node, children: new Map() };
    node.children.set(tokens[0], leaf);
    return leaf;
  }
  const front: Node = { tokens: [], pages: [], locks: child.locks, parent: node, children: new Map() };
  while (child.tokens.length > 0 && child.tokens[0] === tokens[front.tokens.length]) {
    front.tokens.push(child.tokens.shift() as number);
    front.pages.push(child.pages.shift() as number);
  }
  const had = front.tokens.length;
  if (child.tokens.length === 0) {
    child.tokens = front.tokens;
    child.pages = front.pages;
    return insert(child, tokens.slice(had), pages.slice(had));
  }
  node.children.set(front.tokens[0], front);
  front.children.set(child.tokens[0], child);
  child.parent = front;
  return insert(front, tokens.slice(had), pages.slice(had));
}
