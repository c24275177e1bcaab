// A radix tree that three prompts are put into: two of them part from it inside a node, which is split. Drawn from the library's tree.
import { defineScript } from "worldsize";
import type { Figure, Recorded, Shape } from "worldsize/draw";
import { PagePool, type RadixNode, RadixTree } from "worldsize/serve";

const prompts = ["Tell of Mia and a ball", "Tell of Mia and her hat", "Tell of Ben"];

interface Drawn {
  readonly words: string;
  readonly pages: string;
  readonly fresh: boolean;
  readonly children: readonly Drawn[];
}

export default defineScript({
  about: "Puts three prompts into a tree of prefixes, word by word.",
  ranks: 1,
  main({ world, show }) {
    if (world.rank > 0) return;
    const pool = new PagePool(16, 1);
    const tree = new RadixTree(pool);
    const vocabulary: string[] = [];
    const idOf = (word: string): number => {
      if (!vocabulary.includes(word)) vocabulary.push(word);
      return vocabulary.indexOf(word);
    };
    for (const prompt of prompts) {
      const tokens = prompt.split(" ").map(idOf);
      const table = [...tree.find(tokens, tokens.length)];
      for (const page of table) pool.hold(page);
      const had = new Set(table);
      while (table.length < tokens.length) table.push(pool.take());
      tree.keep(tokens, table);
      for (const page of table) pool.release(page);
      const drawn = (node: RadixNode): Drawn => ({
        words: node.tokens.map((token) => vocabulary[token]).join(" "),
        pages: pagesText(node.pages),
        fresh: node.pages.length > 0 && node.pages.every((page) => table.includes(page) && !had.has(page)),
        children: [...node.children].map(drawn),
      });
      show.line(JSON.stringify({ prompt, found: had.size, tree: drawn(tree.root) }));
    }
  },
});

function pagesText(pages: readonly number[]): string {
  const [first, last] = [pages[0], pages[pages.length - 1]];
  return pages.length === 1 ? `page ${first}` : `pages ${first} to ${last}`;
}

/** Columns of a node's box, and of all that is below it. */
const boxOf = ({ words, pages }: Drawn): number => Math.max(words.length, pages.length) + 4;
const widthOf = (node: Drawn): number => Math.max(boxOf(node), widthOfAll(node.children));
const widthOfAll = (nodes: readonly Drawn[]): number => nodes.reduce((sum, node) => sum + widthOf(node) + GAP, -GAP);
const GAP = 3;

export const figure: Figure = {
  about:
    "A radix tree after each of three prompts: one node; then two that part behind Mia and, whose node is split; then a third that parts behind Tell of. Each node has a run of words and their pages.",
  draw(run: Recorded) {
    const steps = run.shown[0].flatMap((each) =>
      each.kind === "line" ? [JSON.parse(each.text) as { prompt: string; found: number; tree: Drawn }] : [],
    );
    const shapes: Shape[] = [];
    /** Draws a node and all below it in columns from x on. @returns its middle, and the lowest row. */
    const place = (node: Drawn, x: number, y: number): { middle: number; lowest: number } => {
      const middle = x + Math.floor(widthOf(node) / 2);
      const width = boxOf(node);
      const left = middle - Math.floor(width / 2);
      const ink = node.fresh ? 0 : "line";
      shapes.push({ kind: "box", x: left, y, width, height: 4, ink, fill: node.fresh ? 0 : "panel" });
      shapes.push({
        kind: "text",
        x: left + 2,
        y: y + 1,
        text: node.words,
        ink: node.fresh ? 0 : "ink",
        style: "bold",
      });
      shapes.push({ kind: "text", x: left + 2, y: y + 2, text: node.pages, style: "small", ink: "soft" });
      let at = x + Math.max(0, Math.floor((widthOf(node) - widthOfAll(node.children)) / 2));
      let lowest = y + 4;
      for (const child of node.children) {
        const below = place(child, at, y + 6);
        shapes.push({ kind: "line", points: [[middle, y + 3], [middle, y + 5], [below.middle, y + 5], [below.middle, y + 6]], ink: "line" }); // biome-ignore format: one line
        lowest = Math.max(lowest, below.lowest);
        at += widthOf(child) + GAP;
      }
      return { middle, lowest };
    };
    let top = 0;
    for (const [i, { prompt, found, tree }] of steps.entries()) {
      const words = `${i + 1}  insert "${prompt}"`;
      shapes.push({ kind: "text", x: 0, y: top, text: words, style: "bold" });
      const had = found === 0 ? "nothing is there" : `${found} words are there`;
      shapes.push({ kind: "text", x: words.length + 2, y: top, text: had, style: "small", ink: "soft" });
      top = place(tree.children[0], 4, top + 2).lowest + 1;
    }
    return { title: "Two splits of a radix tree", about: "", width: 63, height: top, shapes };
  },
};
