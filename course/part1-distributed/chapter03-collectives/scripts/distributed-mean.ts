// The mean of numbers that are spread over the ranks, three ways. The first is the trap:
// the mean of the ranks' means is wrong when the ranks hold different amounts.
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "The mean of data spread unevenly over the ranks: the trap, and two right ways.",
  ranks: 4,
  options: {
    elements: number(1000, "numbers on rank 0; rank r has (r + 1) times as many", {
      min: 1,
      max: 1_000_000,
      integer: true,
    }),
  },
  async main({ world, device, options, show }) {
    const { rank, size } = world;
    const count = options.elements * (rank + 1);
    // Rank r draws around r, so that the ranks' means differ.
    const data = device.randn([count], { seed: 42 + rank }).add_(rank);

    // The trap: average the averages.
    const naive = data.mean();
    await world.allReduce(naive, "mean");

    // Right: sum up sums and counts, then divide. Two numbers travel, not the data.
    const total = device.tensor([await data.sum().item(), count]);
    await world.allReduce(total, "sum");
    const [sum, all] = (await total.toArray()) as number[];
    const weighted = sum / all;

    // The reference: bring all the data to rank 0. Right, but everything travels.
    const pieces =
      rank === 0 ? Array.from({ length: size }, (_, r) => device.zeros([options.elements * (r + 1)])) : undefined;
    await world.gather(pieces, data, 0);
    if (rank !== 0 || !pieces) return;
    const reference = (await Promise.all(pieces.map((piece) => piece.sum().item()))).reduce((a, b) => a + b, 0) / all;

    if (Math.abs(weighted - reference) > 1e-4) throw new Error(`${weighted} should be ${reference}`);
    show.table([
      { way: "mean of the ranks' means", mean: await naive.item(), "contributed per rank": 1 },
      { way: "sum of sums / sum of counts", mean: weighted, "contributed per rank": 2 },
      {
        way: "gather everything, then mean",
        mean: reference,
        "contributed per rank": `${options.elements} to ${options.elements * size}`,
      },
    ]);
    if (size === 1) {
      show.line("One rank holds all of it, and sends nothing. Try -n 4.");
      return;
    }
    show.line(
      `The first is off by ${((await naive.item()) - reference).toFixed(3)}: it counts every rank alike, however much it holds.`,
    );
  },
});
