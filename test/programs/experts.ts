// Mixtures whose experts are on several ranks, against the same mixture alone on the tokens of every rank, one rank after the other.
import { defineScript, initialize, Module, MoE, number, type Tensor, type TensorDevice } from "worldsize";
import { ExpertExchange, ExpertParallel, Mesh } from "worldsize/parallel";

class Layer extends Module {
  readonly mlp: MoE;

  constructor(device: TensorDevice, { experts, k, ...more }: Case) {
    super(device);
    const normalize = k > 1 || experts === 1;
    this.mlp = new MoE(device, WIDTH, 5, {
      ...more,
      experts,
      perToken: k,
      normalize,
      init: { kind: "normal", std: 1 },
    });
  }

  forward(x: Tensor): Tensor {
    return this.mlp.call(x);
  }
}

const WIDTH = 6;

interface Case {
  readonly experts: number;
  readonly k: number;
  readonly capacity?: number;
  readonly auxiliary?: number;
  readonly zLoss?: number;
  readonly biased?: boolean;
}

/** What differs from case to case, per rank: by its own rule, so that some ranks have no tokens, and some nothing but padding. */
const tokensOf = (seed: number, rank: number): number => [7, 0, 3, 12, 1][(seed + 2 * rank) % 5];

export default defineScript({
  about: "Compares outputs and gradients.",
  options: { cases: number(8, "cases") },
  async main({ world, device, options, show }) {
    const { rank, size } = world;
    const mesh = await Mesh.create(world, { ep: size });
    for (let seed = 0; seed < options.cases; seed++) {
      const experts = size * (1 + (seed % 3));
      const form: Case = {
        experts,
        k: Math.min(experts, 1 + (seed % 3)),
        capacity: seed % 2 === 1 ? [0.5, 1, 1.25][seed % 3] : undefined,
        auxiliary: seed % 4 === 2 ? 0.1 : 0,
        zLoss: seed % 4 === 2 ? 0.01 : 0,
        biased: seed % 5 === 4,
      };
      const all = Array.from({ length: size }, (_, r) => tokensOf(seed, r));
      const inputs = all.map((count, r) => device.randn([count, WIDTH], { seed: 1000 * seed + r }));
      const upstream = all.map((count, r) => device.randn([count, WIDTH], { seed: 1000 * seed + 500 + r }));
      // The last token of every third is padding.
      const real = all.map((count, r) =>
        Float32Array.from({ length: count }, (_, i) => Number(i < count - 1 || r % 3 !== 0)),
      );
      const run = (layer: Layer, r: number): { y: Tensor; x: Tensor } => {
        const x = inputs[r].clone().requiresGrad_();
        const count = real[r].reduce((sum, each) => sum + each, 0);
        const mask = count < all[r] ? device.from(real[r], [all[r]]) : undefined;
        const y = layer.mlp.call(x, { real: mask, count, share: 1 / size });
        y.mul(upstream[r]).sum().backward();
        return { y, x };
      };
      const poison = (): void => {
        for (let i = 0; i < 12; i++) device.full([2 ** i], Number.NaN).dispose();
      };
      const plain = new Layer(device, form);
      initialize(plain, seed);
      if (form.biased) device.noGrad(() => plain.mlp.bias?.copy_(device.arange(experts).mul(0.01)));
      const wanted = all.map((_, r) => run(plain, r));
      const layer = new Layer(device, form);
      initialize(layer, seed);
      if (form.biased) device.noGrad(() => layer.mlp.bias?.copy_(device.arange(experts).mul(0.01)));
      const parallel = ExpertParallel.apply(layer, mesh);
      parallel.makeRoom(all.reduce((sum, each) => sum + each, 0) * form.k);
      poison();
      const got = run(layer, rank);
      const { weight } = layer.mlp.router;
      const routerGrad = weight.grad ?? device.zeros(weight.shape);
      await world.allReduce(routerGrad);
      const pairs: [Tensor, Tensor | null][] = [
        [got.y, wanted[rank].y],
        [got.x.grad ?? device.zeros([0]), wanted[rank].x.grad],
        [routerGrad, plain.mlp.router.weight.grad],
      ];
      const theirs = plain.namedParameters();
      for (const [name, { grad }] of layer.namedParameters())
        if (/experts/.test(name)) pairs.push([grad ?? device.zeros([0]), theirs.get(name)?.grad ?? null]);
      let worst = 0;
      for (const [a, b] of pairs) worst = Math.max(worst, difference(await values(a), await values(b)));
      show.row({ rank, seed, worst, parameters: layer.parameters().length });
      layer.dispose();
      plain.dispose();
    }

    // Two ranks with one token each, both of expert 0, y = w·x, the loss a mean over all ranks: dw is 1, however many have experts.
    const w = device.ones([1]).requiresGrad_();
    const exchange = new ExpertExchange(world);
    const x = device.ones([1, 1]);
    const starts = device.from(
      Int32Array.from({ length: size + 1 }, (_, e) => Math.min(e, 1)),
      [size + 1],
      "i32",
    );
    const y = exchange.compute((rows) => rows.mul(w), x, starts);
    y.sum()
      .mul(1 / size)
      .backward();
    const [slope] = await values(w.grad ?? device.zeros([1]));
    show.row({ rank, seed: -1, slope: slope ?? 0 });
  },
});

async function values(tensor: Tensor | null): Promise<number[]> {
  return tensor ? [...(await tensor.data())] : [];
}

/** The largest difference, as a part of the largest number; infinite for other lengths and for what is no number. */
function difference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return a.every((each) => each === 0) && b.every((each) => each === 0) ? 0 : Infinity;
  const scale = Math.max(1, ...b.map(Math.abs));
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]) / scale;
    if (!(off <= most)) most = Number.isNaN(off) ? Infinity : off;
  }
  return most;
}
