// Ring attention on four ranks: which rank computes which tile of queries and keys in which step, in runs and in a zig-zag.
import { type Figure, letterOf, moved, type Shape } from "worldsize/draw";
import { chunksOf } from "worldsize/parallel";

const RANKS = 4;
const CHUNKS = 2 * RANKS;

/** Who has which chunks. */
type Sharing = (rank: number) => readonly number[];

/** A tile's rank and the step in which the keys have come round to it; none where keys come after the queries. */
function tileOf(chunks: Sharing, q: number, k: number): { rank: number; step: number } | undefined {
  if (k > q) return undefined;
  const ownerOf = (chunk: number): number =>
    Array.from({ length: RANKS }, (_, rank) => rank).findIndex((rank) => chunks(rank).includes(chunk));
  const rank = ownerOf(q);
  return { rank, step: (rank + RANKS - ownerOf(k)) % RANKS };
}

/** Tiles of each step and rank; half of one on the diagonal counts half. */
function workOf(chunks: Sharing): number[][] {
  const work = Array.from({ length: RANKS }, () => Array.from({ length: RANKS }, () => 0));
  for (let q = 0; q < CHUNKS; q++) {
    for (let k = 0; k <= q; k++) {
      const tile = tileOf(chunks, q, k);
      if (tile) work[tile.step][tile.rank] += q === k ? 0.5 : 1;
    }
  }
  return work;
}

/** Where the numbers of a rank stand, and those of the step. */
const columnOf = (rank: number): number => 12 + 3.4 * rank;
const TAKES = 26.5;

function panelOf(title: string, chunks: Sharing): Shape[] {
  const shapes: Shape[] = [{ kind: "text", x: 0, y: 0, text: title, style: "bold" }];
  shapes.push({ kind: "text", x: 3, y: 1, text: "keys of chunk", style: "small", ink: "soft" });
  for (let k = 0; k < CHUNKS; k++)
    shapes.push({ kind: "text", x: 4 + 3 * k, y: 2, text: `${k}`, style: "small", ink: "soft", anchor: "middle" });
  for (let q = 0; q < CHUNKS; q++) {
    const tiles = Array.from({ length: q + 1 }, (_, k) => tileOf(chunks, q, k));
    const rank = tiles[0]?.rank ?? 0;
    shapes.push({ kind: "text", x: 0, y: 3 + q, text: `${letterOf(rank)}${q}`, ink: rank });
    const cells = tiles.map((tile) => ({ text: `${tile?.step}`, ink: rank, strong: tile?.step === 0 }));
    shapes.push({ kind: "cells", x: 3, y: 3 + q, width: 2, cells });
  }
  const work = workOf(chunks);
  const top = 5 + CHUNKS;
  shapes.push({ kind: "text", x: 0, y: top - 1, text: "tiles", style: "small", ink: "soft" });
  for (let rank = 0; rank < RANKS; rank++)
    shapes.push({ kind: "text", x: columnOf(rank), y: top - 1, text: letterOf(rank), ink: rank, anchor: "middle" });
  for (const [step, row] of work.entries()) {
    const most = Math.max(...row);
    shapes.push({ kind: "text", x: 0, y: top + step, text: `step ${step}`, style: "small", ink: "soft" });
    for (const [rank, tiles] of row.entries())
      shapes.push({ kind: "text", x: columnOf(rank), y: top + step, text: `${tiles}`, anchor: "middle", ink: tiles === 0 ? "bad" : "ink" }); // biome-ignore format: one shape
    shapes.push({ kind: "text", x: TAKES, y: top + step, text: `${most}`, style: "bold", anchor: "middle" });
  }
  shapes.push({ kind: "text", x: TAKES, y: top - 1, text: "takes", style: "small", ink: "soft", anchor: "middle" });
  const total = work.reduce((sum, row) => sum + Math.max(...row), 0);
  shapes.push({ kind: "text", x: 0, y: top + RANKS, text: "all steps", style: "small", ink: "soft" });
  for (let rank = 0; rank < RANKS; rank++) {
    const own = work.reduce((sum, row) => sum + row[rank], 0);
    shapes.push({ kind: "text", x: columnOf(rank), y: top + RANKS, text: `${own}`, anchor: "middle", style: "bold" });
  }
  shapes.push({ kind: "text", x: TAKES, y: top + RANKS, text: `${total}`, style: "bold", anchor: "middle" });
  return shapes;
}

export const figure: Figure = {
  about:
    "Tiles of queries and keys that four ranks compute in four steps of ring attention: in runs some ranks idle, in a zig-zag all have two tiles in every step.",
  draw() {
    const runs = panelOf("In runs", (rank) => [2 * rank, 2 * rank + 1]);
    const zigZag = panelOf("In a zig-zag", (rank) => chunksOf({ rank, size: RANKS }));
    return {
      title: "The step in which each tile is computed, on ranks a to d",
      about: "",
      width: 62,
      height: 18,
      shapes: [...runs, ...moved(zigZag, 31.4, 0)],
    };
  },
};
