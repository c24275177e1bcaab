// Dispatch and combine of seven tokens on two ranks with two experts each, with values: an expert e makes 10 x + e of a token x.
import { defineScript, type Tensor } from "worldsize";
import { type Figure, letterOf, type Recorded, type Shape } from "worldsize/draw";
import { ExpertExchange } from "worldsize/parallel";

const OWN = 2;
/** By rank: tokens, and the expert of each. */
const tokens = [
  [5, 6, 7, 8],
  [1, 2, 3],
];
const chosen = [
  [0, 2, 2, 3],
  [1, 0, 0],
];

export default defineScript({
  about: "Sends seven tokens to their experts on two ranks, and back.",
  ranks: 2,
  async main({ world, device, show }) {
    const { rank, size } = world;
    const told = async (name: string, of: Tensor, rows = of.size): Promise<void> =>
      show.row({ name, numbers: [...(await of.data())].slice(0, rows).join(" ") });
    const order = chosen[rank].map((_, t) => t).sort((a, b) => chosen[rank][a] - chosen[rank][b] || a - b);
    const rows = device.tensor(order.map((t) => [tokens[rank][t]]));
    const starts = Array.from({ length: size * OWN + 1 }, (_, e) => chosen[rank].filter((each) => each < e).length);
    const begins = device.tensor(starts, "i32");
    const exchange = new ExpertExchange(world);
    exchange.makeRoom(tokens.flat().length);
    let came: { arrived: Tensor; ends: Tensor; made: Tensor } | undefined;
    const results = exchange.compute(
      (arrived, ends) => {
        // An expert's number comes on top, to the rows that are its own.
        const place = device.arange(arrived.shape[0], "i32");
        const first = ends.slice(0, 1, 2);
        const own = place
          .ge(first)
          .to("f32")
          .add(rank * OWN);
        const made = arrived.mul(10).add(own.unsqueeze(-1));
        came = { arrived, ends, made };
        return made;
      },
      rows,
      begins,
    );
    if (!came) throw new Error("No expert was called.");
    const ends = [...(await came.ends.data())];
    await told("sorted", rows);
    await told("ends", came.ends);
    await told("arrived", came.arrived, ends[OWN]);
    await told("made", came.made, ends[OWN]);
    await told("back", results);
  },
});

/** Where a rank's column begins. */
const columnOf = (rank: number): number => 13 + 26 * rank;

export const figure: Figure = {
  about:
    "Seven tokens on two ranks with two experts each: sorted by expert, counted, sent to the ranks of their experts, computed, and sent back to where they came from.",
  draw(run: Recorded) {
    const numbers = (rank: number, name: string): number[] =>
      run.shown[rank]
        .flatMap((each) => (each.kind === "row" && each.row.name === name ? [String(each.row.numbers)] : []))[0]
        .split(" ")
        .map(Number);
    const shapes: Shape[] = [];
    const words = (x: number, y: number, text: string, more: Partial<Shape> = {}): void => {
      shapes.push({ kind: "text", x, y, text, style: "small", ink: "soft", ...more } as Shape);
    };
    /** Whose a token is. */
    const homeOf = (token: number): number => tokens.findIndex((list) => list.includes(token));
    const strip = (rank: number, y: number, values: readonly number[], strong = false): void => {
      const cells = values.map((value) => ({
        text: `${value}`,
        ink: homeOf(value > 9 ? Math.floor(value / 10) : value),
        strong,
      }));
      shapes.push({ kind: "cells", x: columnOf(rank), y, width: 4, cells });
    };
    const rows: readonly (readonly [y: number, text: string])[] = [[2, "tokens"], [4, "sorted"], [7, "counts"], [10, "dispatch"], [13, "experts"], [16, "combine"]]; // biome-ignore format: a table
    for (const [y, text] of rows) shapes.push({ kind: "text", x: 0, y, text, style: "bold" });
    for (const rank of [0, 1]) {
      const x = columnOf(rank);
      const experts = Array.from({ length: OWN }, (_, i) => rank * OWN + i);
      shapes.push({
        kind: "text",
        x,
        y: 0,
        text: `rank ${letterOf(rank)}, experts ${experts.join(" and ")}`,
        ink: rank,
        style: "bold",
      });
      strip(rank, 2, tokens[rank]);
      for (const [i, e] of chosen[rank].entries()) words(x + 5 * i + 1, 3, `→ ${e}`);
      strip(rank, 4, numbers(rank, "sorted"));
      const sends = [0, 1].map((to) => chosen[rank].filter((e) => Math.floor(e / OWN) === to).length);
      words(x, 7, `to a ${sends[0]}, to b ${sends[1]} rows`, { ink: "ink" });
      words(
        x,
        8,
        `experts 0 to 3: ${[0, 1, 2, 3].map((e) => chosen[rank].filter((each) => each === e).length).join(", ")}`,
      );
      const ends = numbers(rank, "ends");
      strip(rank, 10, numbers(rank, "arrived"), true);
      strip(rank, 13, numbers(rank, "made"));
      for (const [i, e] of experts.entries()) {
        if (ends[i + 1] === ends[i]) continue;
        words(x + 5 * ends[i], 11, `expert ${e}`);
      }
      const back = numbers(rank, "back");
      // Sorted as they went; put back in the order of the tokens.
      const order = chosen[rank].map((_, t) => t).sort((a, b) => chosen[rank][a] - chosen[rank][b] || a - b);
      strip(
        rank,
        16,
        tokens[rank].map((_, t) => back[order.indexOf(t)]),
        true,
      );
    }
    words(0, 14, "10 x + e");
    words(0, 17, "in the tokens' order");
    return { title: "Rows go to their experts, and results come back", about: "", width: 63, height: 18, shapes };
  },
};
