// The same three sequences in the same memory: each given room for the longest at once, and page by page as they grow.
import type { Figure, Shape } from "worldsize/draw";

const SLOTS = 28;
const SIZE = 4;
/** Room that each sequence would be given: its longest. */
const RESERVED = 12;
const lengths = [5, 9, 7];

interface Slot {
  readonly owner: number | undefined;
  readonly used: boolean;
}

/** One behind the other, each with room for the longest; undefined for those that do not fit. */
function reserved(): { slots: Slot[]; fit: number } {
  const slots: Slot[] = [];
  let fit = 0;
  for (const [owner, length] of lengths.entries()) {
    if (slots.length + RESERVED > SLOTS) break;
    for (let i = 0; i < RESERVED; i++) slots.push({ owner, used: i < length });
    fit++;
  }
  while (slots.length < SLOTS) slots.push({ owner: undefined, used: false });
  return { slots, fit };
}

/** A page for whoever needs one, token by token in turns. */
function paged(): Slot[] {
  const slots: Slot[] = Array.from({ length: SLOTS }, () => ({ owner: undefined, used: false }));
  const tables: number[][] = lengths.map(() => []);
  let next = 0;
  for (let at = 0; at < Math.max(...lengths); at++) {
    for (const [owner, length] of lengths.entries()) {
      if (at >= length) continue;
      if (at % SIZE === 0) {
        tables[owner].push(next);
        for (let i = 0; i < SIZE; i++) slots[next * SIZE + i] = { owner, used: false };
        next++;
      }
      slots[tables[owner][Math.floor(at / SIZE)] * SIZE + (at % SIZE)] = { owner, used: true };
    }
  }
  return slots;
}

export const figure: Figure = {
  about:
    "A memory of 28 slots. Above: 12 slots are reserved for each of three sequences with 5, 9 and 7 tokens; two fit, 10 of their 24 slots are empty, and 4 are left that no one can use. Below: seven pages of 4 hold all three, and 7 slots are empty.",
  draw() {
    const shapes: Shape[] = [];
    const text = (y: number, words: string, more: Partial<Shape> = {}): void => {
      shapes.push({ kind: "text", x: 0, y, text: words, ...more } as Shape);
    };
    const letters = "abc";
    /** A run of slots in one frame. */
    const strip = (x: number, y: number, slots: readonly Slot[]): void => {
      const cells = slots.map(({ owner, used }) => ({
        text: used && owner !== undefined ? letters[owner] : "",
        ink: owner ?? ("line" as const),
      }));
      shapes.push({ kind: "cells", x, y, width: 1, cells });
    };
    const countOf = (slots: readonly Slot[]): string => {
      const kept = slots.filter(({ used }) => used).length;
      const empty = slots.filter(({ owner, used }) => owner !== undefined && !used).length;
      const free = slots.length - kept - empty;
      return `${kept} slots with tokens, ${empty} empty, ${free} free`;
    };
    const whole = reserved();
    const pages = paged();
    text(0, `sequences: ${lengths.map((length, i) => `${letters[i]} has ${length} tokens`).join(", ")}`);
    text(2, `${RESERVED} slots reserved for each`, { style: "bold" });
    for (let from = 0; from < SLOTS; from += RESERVED)
      strip(2 * from + from / RESERVED, 4, whole.slots.slice(from, from + RESERVED));
    text(6, `${whole.fit} of ${lengths.length} fit: ${countOf(whole.slots)}: too few for c`, {
      style: "small",
      ink: "soft",
    });
    text(8, `pages of ${SIZE}, taken when they are needed`, { style: "bold" });
    for (let page = 0; page < SLOTS / SIZE; page++)
      strip(page * (2 * SIZE + 1), 10, pages.slice(page * SIZE, (page + 1) * SIZE));
    const order = Array.from({ length: SLOTS / SIZE }, (_, page) => pages[page * SIZE].owner);
    for (const [page, owner] of order.entries()) {
      const place = order.slice(0, page).filter((each) => each === owner).length;
      const x = page * (2 * SIZE + 1);
      shapes.push({
        kind: "text",
        x,
        y: 11,
        text: owner === undefined ? "free" : `${letters[owner]} ${["1st", "2nd", "3rd"][place]}`,
        style: "small",
        ink: owner ?? "soft",
      });
    }
    text(13, `all fit: ${countOf(pages)}`, { style: "small", ink: "soft" });
    return { title: "Reserved, or page by page", about: "", width: 63, height: 14, shapes };
  },
};
