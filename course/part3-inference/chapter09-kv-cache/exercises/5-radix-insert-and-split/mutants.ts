import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "new-node-is-not-held",
    belief: "A new node begins without locks.",
    edits: [["    locks: node.locks,\n", "    locks: 0,\n"]],
    message: /Whoever held a node holds both halves/,
  },
  {
    name: "front-stays-the-object",
    belief: "The node keeps its beginning, and the rest becomes a new one.",
    edits: [
      [
        "function split(node: Node, length: number): Node {\n",
        "function split(node: Node, length: number): Node {\n  const rest: Node = { ...node, tokens: node.tokens.slice(length), pages: node.pages.slice(length), parent: node };\n  for (const child of rest.children.values()) child.parent = rest;\n  node.tokens = node.tokens.slice(0, length);\n  node.pages = node.pages.slice(0, length);\n  node.children = new Map([[rest.tokens[0], rest]]);\n  if (length > 0) return node;\n",
      ],
    ],
    message: /that has to be the second half/,
  },
  {
    name: "pages-stay-whole",
    belief: "Tokens are split; pages are the same as before.",
    edits: [["  node.pages = node.pages.slice(length);\n", ""]],
    message: /Each token has a page/,
  },
  {
    name: "the-newest-wins",
    belief: "What was computed last replaces what is there.",
    edits: [["    at += same;\n", "    node.pages = pages.slice(at, at + same);\n    at += same;\n"]],
    message: /The tree's pages stay/,
  },
  {
    name: "children-stay-above",
    belief: "Children belong to the node that is nearer to the root.",
    edits: [
      [
        "children: new Map([[node.tokens[length], node]])",
        "children: new Map([...node.children, [node.tokens[length], node]])",
      ],
      [
        "  node.parent = front;\n",
        "  for (const child of node.children.values()) child.parent = front;\n  node.children = new Map();\n  node.parent = front;\n",
      ],
    ],
    message: /belong to its second half/,
  },
  {
    name: "locks-too-much",
    belief: "A prefix that the tree has needs no split (bytedance-iaas/sglang 508: a partial match pins a whole node).",
    edits: [
      [
        "same < next.tokens.length ? split(next, same) : next",
        "same < next.tokens.length && at + same < tokens.length ? split(next, same) : next",
      ],
    ],
    message: /must not lock more/,
  },
]);
