// A linear layer cut by columns and by rows on two ranks, with the numbers of case 11: what each rank holds and makes.
import { defineScript, functional as F, type Tensor } from "worldsize";
import { type Figure, type Ink, letterOf, type Recorded, type Shape } from "worldsize/draw";
import { shareOf } from "worldsize/parallel";

const [INPUTS, OUTPUTS] = [4, 3];
const weights = Array.from({ length: OUTPUTS * INPUTS }, (_, i) => i + 1);
const token = [1, 2, 3, 4];
const biases = [100, 200, 300];

export default defineScript({
  about: "What each of two ranks makes of a linear layer, cut in both ways.",
  ranks: 2,
  async main({ world, device, show }) {
    const x = device.tensor([token]);
    const weight = device.tensor(weights).reshape([OUTPUTS, INPUTS]);
    const told = async (name: string, of: Tensor): Promise<void> =>
      show.row({ name, numbers: ((await of.reshape([-1]).toArray()) as number[]).join(" ") });
    const own = (of: Tensor, axis: number): Tensor => {
      const { from, length } = shareOf(of.shape[axis], world.size, world.rank);
      return of.slice(axis, from, from + length).contiguous();
    };
    const summed = async (of: Tensor): Promise<Tensor> => {
      const sum = of.clone();
      await world.allReduce(sum, "sum");
      return sum;
    };
    const rows = own(weight, 0);
    await told("columns y", F.linear({ x, weight: rows, bias: own(device.tensor(biases), 0) }));
    await told("columns dx", rows.sum(0));
    await told("columns dx sum", await summed(rows.sum(0)));
    const part = own(weight, 1);
    const term = F.linear({ x: own(x, 1), weight: part });
    await told("rows term", term);
    await told("rows sum", await summed(term));
    await told("rows y", (await summed(term)).add(device.tensor(biases)));
    await told("rows dx", part.sum(0));
  },
});

/** Columns where strips begin: W and x, one rank's term, the other's, their sum, the result. */
const [W, A, B, SUM, Y] = [6, 29, 35, 41, 53];

export const figure: Figure = {
  about:
    "A linear layer on two ranks. By columns each rank has rows of W and makes whole outputs; by rows each has columns of W and makes a term of every output.",
  draw(run: Recorded) {
    const numbers = (rank: number, name: string): string[] =>
      run.shown[rank]
        .flatMap((each) => (each.kind === "row" && each.row.name === name ? [String(each.row.numbers)] : []))[0]
        .split(" ");
    const strip = (x: number, y: number, texts: readonly string[], ink: (i: number) => Ink, strong = false): Shape => ({
      kind: "cells",
      x,
      y,
      width: 4,
      cells: texts.map((text, i) => ({ text, ink: ink(i), strong })),
    });
    const words = (x: number, y: number, text: string, ink: Ink = "soft"): Shape => ({ kind: "text", x, y, text, ink, style: "small" }); // biome-ignore format: one shape
    const name = (y: number, text: string, ink: Ink = "ink"): Shape => ({ kind: "text", x: 0, y, text, ink });
    const letter = (y: number, rank?: number): Shape => ({ kind: "text", x: 3, y, text: rank === undefined ? "" : letterOf(rank), ink: rank ?? "ink" }); // biome-ignore format: one shape
    const row = (of: number): string[] => weights.slice(of * INPUTS, (of + 1) * INPUTS).map(String);
    const panel = (y: number, text: string): Shape => ({ kind: "text", x: 0, y, text, style: "bold" });
    const shapes: Shape[] = [];

    // By columns of the product: rows of W.
    shapes.push(panel(0, "By columns: outputs are shared out"));
    shapes.push(
      name(2, "x"),
      strip(W, 2, token.map(String), () => "ink"),
      words(A, 2, "both ranks have x"),
    );
    for (let of = 0; of < OUTPUTS; of++) {
      const rank = of < shareOf(OUTPUTS, 2, 0).length ? 0 : 1;
      const y = numbers(rank, "columns y")[rank === 0 ? of : of - shareOf(OUTPUTS, 2, 0).length];
      shapes.push(
        name(3 + of, of === 0 ? "W" : ""),
        letter(3 + of, of === 0 || rank === 1 ? rank : undefined),
        strip(W, 3 + of, row(of), () => rank),
        words(A, 3 + of, `${Number(y) - biases[of]} + ${biases[of]} =`),
        strip(Y, 3 + of, [y], () => rank, true),
      );
    }
    shapes.push(words(Y, 2, "y"));
    for (const rank of [0, 1]) {
      shapes.push(
        name(7 + rank, rank === 0 ? "dx" : ""),
        letter(7 + rank, rank),
        strip(W, 7 + rank, numbers(rank, "columns dx"), () => rank),
        words(A, 7 + rank, rank === 0 ? "terms of dx, if dy is 1" : ""),
      );
    }
    shapes.push(
      name(9, "sum"),
      strip(W, 9, numbers(0, "columns dx sum"), () => "ink", true),
      words(A, 9, "all_reduce, on the way back", "bad"),
    );

    // By rows of what is multiplied: columns of W.
    const half = (i: number): Ink => (i < INPUTS / 2 ? 0 : 1);
    shapes.push(panel(12, "By rows: inputs are shared out"));
    shapes.push(name(14, "x"), strip(W, 14, token.map(String), half));
    const heads = [words(A + 2, 14, "a", 0), words(B + 2, 14, "b", 1), words(SUM + 1, 14, "sum"), words(Y, 14, "y")];
    shapes.push(...heads);
    for (let of = 0; of < OUTPUTS; of++) {
      shapes.push(
        name(15 + of, of === 0 ? "W" : ""),
        strip(W, 15 + of, row(of), half),
        strip(A, 15 + of, [numbers(0, "rows term")[of]], () => 0),
        strip(B, 15 + of, [numbers(1, "rows term")[of]], () => 1),
        strip(SUM, 15 + of, [numbers(0, "rows sum")[of]], () => "ink", true),
        words(SUM + 6, 15 + of, `+ ${biases[of]}`),
        strip(Y, 15 + of, [numbers(0, "rows y")[of]], () => "ink", true),
      );
    }
    shapes.push(words(A, 18, "all_reduce, on the way there", "bad"));
    shapes.push(
      name(20, "dx"),
      strip(W, 20, [...numbers(0, "rows dx"), ...numbers(1, "rows dx")], half, true),
      words(A, 20, "each its own: nothing travels"),
    );
    return { title: "y = x Wᵀ + b on two ranks, a and b", about: "", width: 60, height: 22, shapes };
  },
};
