// Softmax over a row that no rank holds whole: each has a slice of the columns, as in a
// vocabulary split over devices. Two small allReduces make it exact: the maximum (so that
// exp cannot overflow), and the sum of the exponentials.
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Softmax of rows split over the ranks, with one allReduce for the maximum and one for the sum.",
  ranks: 4,
  options: {
    rows: number(4, "rows", { min: 1, max: 4096, integer: true }),
    columns: number(1000, "columns of all ranks together", { min: 1, max: 1_000_000, integer: true }),
    scale: number(50, "spread of the logits; large ones overflow without the maximum", { min: 0 }),
  },
  async main({ world, device, options, show }) {
    const { rank, size } = world;
    const { rows, columns, scale } = options;
    const start = (r: number): number => Math.floor((columns * r) / size);
    const from = start(rank);
    const to = start(rank + 1);

    // Every rank draws the same logits and keeps its columns.
    const logits = device.randn([rows, columns], { seed: 3 }).mul_(scale);
    const mine = logits.slice(1, from, to).contiguous();

    // 1. The maximum of each row, over all ranks. A rank without columns knows no maximum.
    const top = to > from ? mine.max(1, true) : device.full([rows, 1], -Infinity);
    await world.allReduce(top, "max");

    // 2. Exponentials of what is left, and their sum over all ranks.
    const exponentials = mine.sub(top).exp();
    const sum = exponentials.sum(1, true);
    await world.allReduce(sum, "sum");

    // 3. Each rank has its slice of the answer.
    const probabilities = exponentials.div(sum);

    // The check: the slices put together are the softmax of the whole rows.
    const slices = Array.from({ length: size }, (_, r) => device.zeros([rows, start(r + 1) - start(r)]));
    await world.allGather(slices, probabilities);
    const whole = logits.softmax(1);
    let difference = 0;
    for (let r = 0; r < size; r++) {
      if (start(r) === start(r + 1)) continue;
      const gap = slices[r]
        .sub(whole.slice(1, start(r), start(r + 1)))
        .abs()
        .max();
      difference = Math.max(difference, await gap.item());
    }
    if (!(difference < 1e-6)) throw new Error(`the distributed softmax is off by ${difference}`);
    // Without step 1: exp of the logits as they are, added up over all columns of all ranks.
    const naive = mine.exp().sum();
    await world.allReduce(naive, "sum");

    const share = await probabilities.sum().item();
    show.row({ columns: to > from ? `${from} to ${to - 1}` : "none", "probability mass here": share / rows });
    const total = await naive.item();
    if (rank !== 0) return;
    const sumsTo = Number.isFinite(total) ? total.toPrecision(3) : "more than an f32 can hold";
    show.line(`Without the maximum, the exponentials of all rows would add up to ${sumsTo}.`);
    const off = difference === 0 ? "0" : difference.toExponential(1);
    show.line(`Largest difference from the softmax of whole rows: ${off}.`);
    if (size === 1) {
      show.line("A rank alone sends nothing. Try -n 4.");
      return;
    }
    const widest = Math.ceil(columns / size);
    show.line(
      `Each rank contributed 2 × ${rows} numbers to the two allReduces; its slice has up to ${rows} × ${widest}.`,
    );
  },
});
