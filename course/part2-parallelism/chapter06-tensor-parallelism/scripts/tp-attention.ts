// Attention whose heads are shared out among ranks. Queries, keys and values are cut by columns of their products, between
// heads; the output projection by rows. Where there are more ranks than heads of keys, neighbors have copies of one.
import { defineScript, initialize, number, SelfAttention, type Tensor } from "worldsize";
import { columns, input, Mesh, rows, tensorParallel } from "worldsize/parallel";
import { gapOf, gradientGap } from "../lib/against-one.ts";
import { collectivesOf, textOf } from "../lib/collectives.ts";

/** "heads 2 and 3", of a run of them. */
const range = (from: number, length: number): string => (length > 1 ? `${from} to ${from + length - 1}` : `${from}`);

export default defineScript({
  about: "Attention whose heads are shared out: which rank has which, what travels, and that it is one rank's result.",
  ranks: 4,
  traced: true,
  options: {
    heads: number(undefined, "heads of queries (default: 2 for each rank)", { min: 1, max: 256, integer: true }),
    keys: number(undefined, "heads of keys and values (default: one for two ranks, or for each if they are odd)", {
      min: 1,
      max: 256,
      integer: true,
    }),
    tokens: number(12, "tokens", { min: 1, max: 1024, integer: true }),
    dim: number(8, "length of a head", { min: 2, max: 128, integer: true }),
  },
  check: ({ heads, keys }) =>
    heads && keys && heads % keys !== 0
      ? `Every head of keys serves as many heads of queries: ${keys} does not divide ${heads}. Choose numbers of which it does.`
      : undefined,
  async main(context) {
    const { world, device, options, show } = context;
    const { rank, size } = world;
    const { tokens, dim } = options;
    const kvHeads = options.keys ?? options.heads ?? (size % 2 === 0 ? size / 2 : size);
    const heads = options.heads ?? (options.keys ? size * kvHeads : 2 * size);
    const width = heads * dim;
    const make = (): SelfAttention => {
      const attention = new SelfAttention(device, width, 0, { heads, kvHeads, outputBias: true });
      initialize(attention, 1);
      return attention;
    };
    const mesh = await Mesh.create(world, { tp: size });
    const cut = await tensorParallel(make(), mesh, {
      "": input("identical", "replicated"),
      q: columns(),
      k: columns(),
      v: columns(),
      o: rows(),
    });
    const one = make();

    // Which heads are here: the first row of a share, in heads.
    const own = {
      rank,
      "query heads": range(cut.q.weight.part.from[0] / dim, cut.q.weight.shape[0] / dim),
      "key and value heads": range(cut.k.weight.part.from[0] / dim, cut.k.weight.shape[0] / dim),
      "weights of q, k, v, o": [cut.q, cut.k, cut.v, cut.o].reduce((sum, { weight }) => sum + weight.size, 0),
      "keys and values": `${2 * tokens * cut.k.weight.shape[0] * 4} B`,
    };

    const i32 = (values: number[]): Tensor => device.tensor(values, "i32");
    const sequences = { starts: i32([0, tokens]), positions: i32(Array.from({ length: tokens }, (_, i) => i)) };
    const x = device.randn([tokens, width], { seed: 2 });
    const enter = (): Tensor => x.clone().requiresGrad_();
    const [xs, whole] = [enter(), enter()];
    let y: Tensor | undefined;
    const forward = await collectivesOf(context, () => {
      y = cut.call(xs, sequences);
    });
    const out = y as Tensor;
    const backward = await collectivesOf(context, () => out.mul(out).sum().backward());
    const expected = one.call(whole, sequences);
    expected.mul(expected).sum().backward();

    const gaps = [await gapOf("y", out, expected), await gapOf("dx", xs.grad, whole.grad), await gradientGap(cut, one)];
    const worst = device.tensor([Math.max(...gaps)]);
    await world.allReduce(worst, "max");
    const table = (await world.allGatherObject(own)) as (typeof own)[];
    if (rank !== 0) return;
    const ranks = size === 1 ? "1 rank" : `${size} ranks`;
    show.table(table, `${heads} query heads over ${kvHeads} of keys, ${ranks}`);
    show.line(`Forward: ${textOf(forward)}. Backward: ${textOf(backward)}.`);
    show.line(
      `An all_reduce of the stream is tokens × width × 4 = ${tokens} × ${width} × 4 = ${tokens * width * 4} B.`,
    );
    const { copies } = cut.k.weight.part;
    if (copies > 1) show.line(`Each key head is on ${copies} ranks, which sum its gradients among themselves: the rest of backward.`); // biome-ignore format: one sentence
    const off = (await worst.item()).toExponential(0);
    show.line(`Outputs and all gradients are one rank's, on every rank: off by ${off} of the largest.`);
    if (size === 1) show.line("One rank has all heads, and its all_reduces reach nobody. Try -n 4.");
  },
});
