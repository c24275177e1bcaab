// An MLP cut among ranks: its first weight by columns of the product, its second by rows, so that nothing travels in between.
// Twice: with tokens that all ranks have, and with sequence parallelism, where each has some of them outside the MLP.
import { defineScript, initialize, MLP, Module, number, RMSNorm, type Tensor, type TensorDevice } from "worldsize";
import {
  columns,
  input,
  Mesh,
  type Plan,
  partialGradients,
  rows,
  sumPartialGradients,
  tensorParallel,
} from "worldsize/parallel";
import { gapOf, gradientGap } from "../lib/against-one.ts";
import { collectivesOf, sentBytes, textOf } from "../lib/collectives.ts";

/** What a decoder's layer has around its MLP: a norm before it, and the stream that its result is added to. */
class Block extends Module<[x: Tensor]> {
  readonly norm: RMSNorm;
  readonly mlp: MLP;

  constructor(device: TensorDevice, width: number, hidden: number) {
    super(device);
    this.norm = new RMSNorm(device, width);
    this.mlp = new MLP(device, width, hidden);
  }

  forward(x: Tensor): Tensor {
    return x.add(this.mlp.call(this.norm.call(x)));
  }
}

/** How the block is cut; what the tokens are outside the MLP is all that differs. */
function planOf(sequence: boolean): Plan {
  const tokens = sequence ? "varying" : "identical";
  return {
    ...(sequence ? { norm: partialGradients() } : {}), // it sees some of the tokens, so its gradient is a term
    mlp: input(tokens, "replicated"),
    "mlp.up": columns(),
    "mlp.down": rows({ to: tokens }),
  };
}

export default defineScript({
  about: "An MLP cut among the ranks, with and without sequence parallelism, against the same on one rank.",
  ranks: 2,
  traced: true,
  options: {
    tokens: number(64, "tokens of each rank, where they are cut", { min: 1, max: 4096, integer: true }),
    width: number(64, "elements of each token", { min: 1, max: 1024, integer: true }),
    hidden: number(undefined, "hidden units (default: 4 × width, up to what the ranks divide)", {
      min: 1,
      max: 16384,
      integer: true,
    }),
  },
  async main(context) {
    const { world, device, options, show } = context;
    const { rank, size } = world;
    const { width } = options;
    const tokens = options.tokens * size;
    const hidden = options.hidden ?? size * Math.ceil((4 * width) / size);
    const mesh = await Mesh.create(world, { tp: size });

    // The same values on all ranks, because they are drawn by name.
    const make = (): Block => {
      const block = new Block(device, width, hidden);
      initialize(block, 1);
      return block;
    };
    const layouts: readonly { readonly name: string; readonly sequence: boolean; readonly block: Block }[] = [
      { name: "tensor parallel", sequence: false, block: await tensorParallel(make(), mesh, planOf(false)) },
      {
        name: "and sequence",
        sequence: true,
        block: await tensorParallel(make(), mesh, planOf(true), { sequence: true }),
      },
    ];

    // One rank's step, to hold the others against.
    const x = device.randn([tokens, width], { seed: 2 }).requiresGrad_();
    const one = make();
    const y = one.call(x);
    y.mul(y).sum().backward();

    const kept = (): number => device.memoryStats().byTag.activations?.current ?? 0;
    const told: Record<string, string>[] = [];
    const sent: number[] = [];
    let worst = 0;
    for (const { sequence, block } of layouts) {
      const from = sequence ? rank * options.tokens : 0;
      const mine = (of: Tensor): Tensor => (sequence ? of.slice(0, from, from + options.tokens) : of);
      const own = mine(x.detach()).contiguous().clone().requiresGrad_();
      await device.synchronize();
      const before = kept();
      let out: Tensor | undefined;
      const forward = await collectivesOf(context, () => {
        out = block.call(own);
      });
      const held = kept() - before; // what is kept for backward, and the result
      const result = out as Tensor;
      const backward = await collectivesOf(context, () => result.mul(result).sum().backward());
      const after = await collectivesOf(context, () => sumPartialGradients(block.parameters(), mesh));

      const gaps = [await gapOf("y", result, mine(y)), await gapOf("dx", own.grad, mine(x.grad as Tensor))];
      worst = Math.max(worst, ...gaps, await gradientGap(block, one));
      sent.push(sentBytes(forward, size) + sentBytes(backward, size));
      told.push({
        forward: textOf(forward),
        backward: textOf(backward),
        "after it": textOf(after),
        "sent, in a ring": `${sent.at(-1)} B`,
        "activations kept": `${held} B`,
      });
    }
    const most = device.tensor([worst]);
    await world.allReduce(most, "max");
    if (rank !== 0) return;
    show.table(
      [...layouts[0].block.namedParameters()].map(([name, { part, shape }]) => ({
        parameter: name,
        "of the whole": part.shape.join(" × "),
        "on each rank": shape.join(" × "),
      })),
    );
    show.table(
      Object.keys(told[0]).map((what) => ({
        "on each rank": what,
        ...Object.fromEntries(layouts.map(({ name }, i) => [name, told[i][what]])),
      })),
      `${tokens} tokens of ${width}, ${hidden} hidden units, ${size} ${size === 1 ? "rank" : "ranks"}`,
    );
    if (sent[0] !== sent[1]) throw new Error(`The two layouts sent ${sent.join(" and ")} bytes.`);
    const off = (await most.item()).toExponential(0);
    show.line(`Outputs and all gradients are one rank's, on every rank: off by ${off} of the largest.`);
    if (size === 1) show.line("One rank holds all of it, and sends nothing. Try -n 4.");
  },
});
