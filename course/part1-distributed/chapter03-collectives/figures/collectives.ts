// Each collective on three ranks, before and after: 101 is the whole of rank 0's tensor, 211 piece 1 of rank 0's.
import { defineScript, type Tensor } from "worldsize";
import { type Figure, letterOf, moved, ranksIn, type Shape } from "worldsize/draw";

const RANKS = 3;
/** What tells pieces from whole tensors in a number, and the pieces of a tensor apart: sums of up to three stay below. */
const PIECE = 1000;

/** The numbers that a rank begins with: one for its whole tensor, or one per piece. */
const whole = (rank: number): number[] => [2 ** rank];
const pieces = (rank: number): number[] => Array.from({ length: RANKS }, (_, i) => 2 ** rank + (i + 1) * PIECE);

interface Collective {
  readonly name: string;
  readonly about: string;
}

const collectives: readonly Collective[] = [
  { name: "broadcast", about: "root to all" },
  { name: "reduce", about: "sum to root" },
  { name: "scatter", about: "pieces from root" },
  { name: "gather", about: "pieces to root" },
  { name: "all_gather", about: "pieces to all" },
  { name: "all_reduce", about: "sum to all" },
  { name: "reduce_scatter", about: "sum in pieces" },
  { name: "all_to_all", about: "transposed" },
];

export default defineScript({
  about: "Every collective that moves data, before and after.",
  ranks: RANKS,
  async main({ world, device, show }) {
    const { rank, size } = world;
    const of = (numbers: number[]): Tensor => device.tensor(numbers);
    const told = async (name: string, before: readonly number[], after: Tensor | undefined): Promise<void> => {
      const numbers = after ? ((await after.toArray()) as number[]) : [];
      show.row({ name, before: before.join(" "), after: numbers.join(" ") });
    };
    const isRoot = rank === 0;

    const copied = isRoot ? of(whole(0)) : device.zeros([1]);
    await world.broadcast(copied, 0);
    await told("broadcast", isRoot ? whole(0) : [], copied);

    const reduced = of(whole(rank));
    await world.reduce(reduced, 0, "sum");
    await told("reduce", whole(rank), reduced);

    const piece = device.zeros([1]);
    await world.scatter(piece, isRoot ? of(pieces(0)) : undefined, 0);
    await told("scatter", isRoot ? pieces(0) : [], piece);

    const gathered = isRoot ? device.zeros([size]) : undefined;
    await world.gather(gathered, of(whole(rank)), 0);
    await told("gather", whole(rank), gathered);

    const all = device.zeros([size]);
    await world.allGather(all, of(whole(rank)));
    await told("all_gather", whole(rank), all);

    const sum = of(whole(rank));
    await world.allReduce(sum, "sum");
    await told("all_reduce", whole(rank), sum);

    const part = device.zeros([1]);
    await world.reduceScatter(part, of(pieces(rank)), "sum");
    await told("reduce_scatter", pieces(rank), part);

    const turned = device.zeros([size]);
    await world.allToAll(turned, of(pieces(rank)));
    await told("all_to_all", pieces(rank), turned);
  },
});

/** `a`, `a0`, `a0+b0+c0`: whose numbers are in a number, and which piece of theirs. */
function cellOf(number: number): { text: string; ink: number | "ink" } {
  const ranks = ranksIn(number % PIECE);
  const piece = number < PIECE ? "" : `${Math.floor(number / PIECE) / ranks.length - 1}`;
  return {
    text: ranks.map((rank) => `${letterOf(rank)}${piece}`).join("+"),
    ink: ranks.length === 1 ? ranks[0] : "ink",
  };
}

/** Columns of a panel, and where what ranks hold afterwards begins. */
const PANEL = 29;
const AFTER = 15;

export const figure: Figure = {
  about: "Eight collectives on three ranks, before and after: what each rank holds, and whose numbers are in it.",
  draw({ shown }) {
    const shapes: Shape[] = [];
    const height = RANKS + 2;
    collectives.forEach(({ name, about }, i) => {
      const panel: Shape[] = [
        { kind: "text", x: 0, y: 0, text: name, style: "bold" },
        { kind: "text", x: PANEL - 2, y: 0, text: about, anchor: "end", style: "small", ink: "soft" },
      ];
      for (let rank = 0; rank < RANKS; rank++) {
        const found = shown[rank].flatMap((each) =>
          each.kind === "row" && each.row.name === name ? [each.row] : [],
        )[0];
        const cells = (text: unknown) => `${text}`.split(" ").filter(Boolean).map(Number).map(cellOf);
        const [before, after] = [cells(found.before), cells(found.after)];
        const y = rank + 1;
        panel.push({ kind: "text", x: 0, y, text: letterOf(rank), ink: rank });
        const width = (all: readonly { text: string }[]): number => Math.max(2, ...all.map(({ text }) => text.length));
        if (before.length > 0) panel.push({ kind: "cells", x: 2, y, width: width(before), cells: before });
        if (rank === 1)
          panel.push({ kind: "line", points: [[12, y], [AFTER - 1, y]], arrow: true }); // biome-ignore format: two ends
        if (after.length > 0) {
          const changed = found.before !== found.after;
          panel.push({
            kind: "cells",
            x: AFTER + 1,
            y,
            width: width(after),
            cells: after.map((each) => ({ ...each, strong: changed })),
          });
        }
      }
      shapes.push(...moved(panel, (i % 2) * (PANEL + 1), 1 + Math.floor(i / 2) * height));
    });
    for (const x of [0, PANEL + 1]) {
      shapes.push(
        { kind: "text", x: x + 2, y: 0, text: "before", style: "small", ink: "soft" },
        { kind: "text", x: x + AFTER + 1, y: 0, text: "after", style: "small", ink: "soft" },
      );
    }
    return {
      title: "Eight collectives on three ranks",
      about: "",
      width: 2 * PANEL,
      height: (collectives.length / 2) * height,
      shapes,
    };
  },
};
