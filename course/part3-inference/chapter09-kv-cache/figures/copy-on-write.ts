// Two sequences that share their pages, until one of them writes: block tables and memory before and after, as a pool's books had them.
import { defineScript } from "worldsize";
import type { Figure, Ink, Recorded, Shape } from "worldsize/draw";
import { PagePool } from "worldsize/serve";

const SIZE = 4;
const PAGES = 3;
const prompt = ["Mia", "the", "fox", "lost", "her", "red"];

interface State {
  readonly title: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** By slot: the word that lies there, and the sequence that wrote it; empty for none. */
  readonly words: readonly string[];
  /** Slots and pages that this step wrote. */
  readonly changed: readonly number[];
}

export default defineScript({
  about: "Two sequences share pages; one of them copies the last before it writes.",
  ranks: 1,
  main({ world, show }) {
    if (world.rank > 0) return;
    const pool = new PagePool(PAGES, SIZE);
    const words = Array<string>(PAGES * SIZE).fill("");
    // Somebody else had the first page for a while.
    const other = pool.take();
    const a = [pool.take()];
    pool.release(other);
    a.push(pool.take());
    const slot = (table: readonly number[], at: number): number => table[Math.floor(at / SIZE)] * SIZE + (at % SIZE);
    for (const [at, word] of prompt.entries()) words[slot(a, at)] = word;
    const b = [...a];
    for (const page of b) pool.hold(page);
    const told = (title: string, changed: readonly number[]): void =>
      show.line(JSON.stringify({ title, a, b, words, changed }));
    told("b goes on from a's tokens: the same pages", []);
    const append = (table: number[], word: string, title: string): void => {
      const changed: number[] = [];
      const last = table.length - 1;
      if (pool.isShared(table[last])) {
        const copy = pool.take();
        for (let i = 0; i < SIZE; i++) words[copy * SIZE + i] = words[table[last] * SIZE + i];
        changed.push(...[0, 1].map((i) => copy * SIZE + i));
        pool.release(table[last]);
        table[last] = copy;
      }
      const at = slot(table, prompt.length);
      words[at] = word;
      told(title, [...changed, at]);
    };
    append(a, "ball", "a appends: its last page is shared, and copied first");
    append(b, "hat", "b appends: page 0 is its own by now, and not copied");
  },
});

export const figure: Figure = {
  about:
    "Block tables of two sequences and three pages of memory, in three steps: both tables name the same pages; a appends a token, and its half-full last page is copied first; b appends to the old page in place.",
  draw(run: Recorded) {
    const states = run.shown[0].flatMap((each) => (each.kind === "line" ? [JSON.parse(each.text) as State] : []));
    const shapes: Shape[] = [];
    const text = (x: number, y: number, words: string, more: Partial<Shape> = {}): void => {
      shapes.push({ kind: "text", x, y, text: words, ...more } as Shape);
    };
    for (const [step, { title, a, b, words, changed }] of states.entries()) {
      const top = step * 9;
      text(0, top, `${step + 1}  ${title}`, { style: "bold" });
      for (const [i, table] of [a, b].entries()) {
        const y = top + 3 + 3 * i;
        text(0, y, `table ${"ab"[i]}`, { ink: i, style: "small" });
        shapes.push({ kind: "cells", x: 8, y, width: 3, cells: table.map((page) => ({ text: `${page}`, ink: i })) });
      }
      for (let page = 0; page < PAGES; page++) {
        const y = top + 2 + 2 * page;
        const holders = ["a", "b"].filter((_, i) => [a, b][i].includes(page));
        text(20, y, `page ${page}`, { style: "small", ink: holders.length === 0 ? "soft" : "ink" });
        const ink: Ink = holders.length === 1 ? "ab".indexOf(holders[0]) : "soft";
        const slots = words.slice(page * SIZE, (page + 1) * SIZE);
        const cells = slots.map((word, i) => ({ text: word, ink, strong: changed.includes(page * SIZE + i) }));
        shapes.push({ kind: "cells", x: 26, y, width: 6, cells });
        const whose = holders.length > 0 ? holders.join(" and ") : "free";
        text(55, y, whose, { style: "small", ink: holders.length === 1 ? ink : "soft" });
      }
    }
    return { title: "Copy on write", about: "", width: 63, height: 26, shapes };
  },
};
