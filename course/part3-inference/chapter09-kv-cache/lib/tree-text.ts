// A tree of prefixes as lines of text: each node with its pages, and how its tokens begin and end.
import type { RadixNode } from "worldsize/serve";

/** How a tree is drawn. */
export interface TreeText {
  /** Tokens as text. */
  readonly words: (tokens: readonly number[]) => string;
  /** Most characters of a line. */
  readonly width: number;
  /** Most children of a node that are drawn. */
  readonly most: number;
}

/** Lines of a tree, from its root's children on. */
export function treeLines(root: RadixNode, style: TreeText): string[] {
  const lines: string[] = [];
  const visit = (node: RadixNode, indent: string): void => {
    const children = [...node.children].sort((a, b) => countBelow(b) - countBelow(a));
    for (const child of children.slice(0, style.most)) {
      const pages = `${child.pages.length} ${child.pages.length === 1 ? "page" : "pages"}`;
      const head = `${indent}${pages}: `;
      lines.push(head + shortened(style.words(child.tokens), style.width - head.length));
      visit(child, `${indent}   `);
    }
    const rest = children.slice(style.most);
    if (rest.length > 0) {
      const below = rest.reduce((sum, child) => sum + child.pages.length + countBelow(child), 0);
      lines.push(`${indent}… ${rest.length} more, ${below} pages`);
    }
  };
  visit(root, "");
  return lines;
}

/** Pages below a node. */
function countBelow(node: RadixNode): number {
  let pages = 0;
  const open = [...node.children];
  for (let next = open.pop(); next; next = open.pop()) {
    pages += next.pages.length;
    open.push(...next.children);
  }
  return pages;
}

/** Text in one line, its middle left out where it is too long. */
function shortened(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ");
  if (line.length <= length) return line;
  const end = Math.floor((length - 3) / 2);
  return `${line.slice(0, length - 3 - end)} … ${line.slice(line.length - end)}`;
}
