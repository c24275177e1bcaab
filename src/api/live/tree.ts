/** The part of a prefix tree that somebody can look at: its nodes that were used last. */
import type { RadixNode } from "../../serve/index.ts";
import type { LiveNode, LiveTree } from "./frame.ts";

/** Most nodes that are shown. */
const NODES = 40;
/** Tokens from which a node's text is made, and most characters of it. */
const [TOKENS, CHARACTERS] = [24, 96];

/** @param holdersOf sequences that hold a page. @param decode tokens as text. */
export function liveTree(
  root: RadixNode,
  holdersOf: (page: number) => number,
  decode: (tokens: readonly number[]) => string,
): LiveTree {
  // A node is used whenever one behind it is, so those used last are a tree by themselves.
  const chosen = new Set<RadixNode>([root]);
  const open = latest(root.children, NODES);
  let seen = root.children.size;
  while (open.length > 0 && chosen.size <= NODES) {
    const next = open.reduce((best, node) => (node.used > best.used ? node : best));
    open.splice(open.indexOf(next), 1, ...latest(next.children, NODES));
    chosen.add(next);
    seen += next.children.size;
  }
  const nodes: LiveNode[] = [];
  const visit = (node: RadixNode, depth: number): void => {
    const { pages, tokens, children } = node;
    if (depth >= 0)
      nodes.push({
        depth,
        pages: pages.length,
        holders: holdersOf(pages[0]),
        text: startOf(decode(tokens.slice(0, TOKENS))),
      });
    for (const child of [...children].filter((each) => chosen.has(each)).sort((a, b) => b.used - a.used))
      visit(child, depth + 1);
  };
  visit(root, -1);
  return { nodes, more: seen > nodes.length };
}

/** Those used last, in no order. */
function latest(nodes: RadixNode["children"], count: number): RadixNode[] {
  if (nodes.size <= count) return [...nodes];
  const kept: RadixNode[] = [];
  for (const node of nodes) {
    if (kept.length < count) kept.push(node);
    else {
      const oldest = kept.reduce((least, each) => (each.used < least.used ? each : least));
      if (node.used > oldest.used) kept[kept.indexOf(oldest)] = node;
    }
  }
  return kept;
}

function startOf(text: string): string {
  const all = [...text];
  return all.length <= CHARACTERS ? text : `${all.slice(0, CHARACTERS - 1).join("")}…`;
}
