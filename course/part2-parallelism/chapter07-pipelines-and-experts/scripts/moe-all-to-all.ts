// One mixture of experts whose experts lie on several ranks: which rows travel where, and back, what that costs, and the same
// layer cut by tensor parallelism beside it.
import {
  AdamW,
  crossEntropy,
  defineScript,
  functional as F,
  initialize,
  Module,
  MoE,
  number,
  type Tensor,
  type TensorDevice,
} from "worldsize";
import { Decoder } from "worldsize/models";
import { ExpertExchange, ExpertParallel, Mesh, mixturePlan, tensorParallel } from "worldsize/parallel";
import { gapOf } from "../lib/gap.ts";
import { batchOf, expertsFor, type MixtureText, mixtureText } from "../lib/mixture-text.ts";
import { noteRows } from "../lib/noted-rows.ts";

/** What a plan and a name can hold on to. */
class Layer extends Module<[x: Tensor]> {
  readonly moe: MoE;

  constructor(moe: MoE) {
    super(moe.device);
    this.moe = moe;
  }

  forward(x: Tensor): Tensor {
    return this.moe.call(x);
  }
}

export default defineScript({
  about: "Sends the rows of a mixture of experts to the ranks that have their experts, and back.",
  ranks: 2,
  traced: true,
  options: {
    experts: number(undefined, "experts, over all ranks (default: 2 for each rank)", {
      min: 1,
      max: 256,
      integer: true,
    }),
    perToken: number(2, "experts of each token", { min: 1, max: 64, integer: true }),
    capacity: number(undefined, "factor of an expert's capacity (default: none is dropped)"),
    tokens: number(16, "tokens of each rank", { min: 1, max: 1024, integer: true }),
    steps: number(8, "steps that the model is trained before", { min: 0, max: 1000, integer: true }),
  },
  quick: { options: { steps: 1, tokens: 8 } },
  async main({ world, device, options, show, spans }) {
    const { rank, size } = world;
    const { perToken: k, tokens, capacity } = options;
    const experts = options.experts ?? Math.max(2, 2 * size);
    const hidden = expertsFor(size, 64);
    const mesh = await Mesh.create(world, { ep: size });
    const text = mixtureText({ experts, perToken: k, hidden, longest: 64, mixture: { auxiliary: 0.1 } });
    const { config } = text;
    const { width } = config;

    // The same model on every rank, trained alike, and what its last mixture is given of each rank's stories.
    const model = new Decoder(device, config);
    initialize(model, 0);
    train(model, text, options.steps);
    const given = world.ranks.map((each) => inputOf(model, text, each, tokens));
    const mine = given[rank];
    const copy = (): Layer => copyOf(device, model, text, capacity);
    const [whole, cut, parts] = [copy(), copy(), copy()];

    // One rank, which does all ranks' tokens, one rank's after the other's: a capacity is of one rank's tokens.
    const wanted = given.map(({ x }) => run(whole, x));

    // Experts on ranks. ExpertParallel lets go of what others have; the exchange is put in its place again, with notes.
    const noted = noteRows(mesh.group("ep"));
    ExpertParallel.apply(cut, mesh);
    const exchange = new ExpertExchange(noted.group);
    let starts: Tensor | undefined;
    cut.moe.surroundExperts((own, rows, begins) => {
      starts = device.unscoped(() => begins.clone());
      return exchange.compute(own, rows, begins);
    });
    const got = run(cut, mine.x);
    const router = cut.moe.router.weight.grad as Tensor;
    await world.allReduce(router); // of all ranks' tokens
    const gaps = [
      await gapOf("y", got.y, wanted[rank].y),
      await gapOf("dx", got.x.grad, wanted[rank].x.grad),
      await gapOf("The router's gradient", router, whole.moe.router.weight.grad),
    ];
    const theirs = whole.namedParameters();
    for (const [name, { grad }] of cut.namedParameters())
      if (name.includes("experts"))
        gaps.push(await gapOf(`The gradient of ${name}`, grad, theirs.get(name)?.grad ?? null));

    // The same experts, a part of each on every rank: all ranks have all tokens.
    await tensorParallel(parts, await Mesh.create(world, { tp: size }), mixturePlan("moe", "identical"));
    const all = device.empty([size * tokens, width]);
    for (const [i, { x }] of given.entries()) all.slice(0, i * tokens, (i + 1) * tokens).copy_(x);
    await device.synchronize();
    const before = (await spans()).length;
    const split = run(parts, all);
    await device.synchronize();
    const reduced = (await spans())
      .slice(before)
      .filter(({ lane, name }) => lane === "comm" && name === "allReduce")
      .map(({ args }) => Number(args?.bytes));
    const reference = copy(); // a capacity is of all tokens now
    const together = run(reference, all);
    gaps.push(
      await gapOf("y by parts", split.y, together.y),
      await gapOf("dx by parts", split.x.grad, together.x.grad),
    );

    const ends = [...(await (starts as Tensor).data())];
    const counts = Array.from({ length: experts }, (_, e) => ends[e + 1] - ends[e]);
    const told = await world.allGatherObject({ calls: await noted.calls(), counts, worst: Math.max(...gaps) });
    if (rank !== 0) return;

    /** Bytes that leave a rank in a call: rows for others. */
    const bytesOf = (from: number, call: number): number =>
      4 * width * told[from].calls[call].reduce((sum, rows, to) => sum + (to === from ? 0 : rows), 0);
    const names = ["dispatch", "combine", "combine, back", "dispatch, back"];
    const sent = names.map((name, call) => ({ name, bytes: world.ranks.map((each) => bytesOf(each, call)) }));
    const formula = (4 * width * tokens * k * (size - 1)) / size;
    const tensorBytes = reduced.map((bytes) => (2 * (size - 1) * bytes) / size);
    const worst = Math.max(...told.map((each) => each.worst));
    const choices = tokens * k * size;
    const computed = told.map((each) => each.counts.reduce((a, b) => a + b)).reduce((a, b) => a + b);
    const own = experts / size;
    const routed = F.route({ logits: whole.moe.router.call(mine.x), k, renormalize: whole.moe.normalize });
    const chosen = (await routed.chosen.toArray()) as number[][];
    const weight = (await routed.weight.toArray()) as number[][];
    show.table(
      chosen.slice(0, 8).map((list, t) => ({
        token: t,
        text: text.textOf(mine.tokens[t]),
        "experts (weight)": list
          .map((e, i) => `${e} (${weight[t][i].toFixed(2)})`)
          .slice(0, 4)
          .join(", "),
        "on ranks": list
          .map((e) => Math.floor(e / own))
          .slice(0, 8)
          .join(", "),
      })),
      `Routing: ${Math.min(8, tokens)} of the ${tokens} tokens of rank 0, ${k} of ${experts} experts each`,
    );
    show.table(
      told.map(({ calls }, from) => ({
        "rows from": `rank ${from}`,
        ...Object.fromEntries(calls[0].map((rows, to) => [`to ${to}`, rows])),
        together: calls[0].reduce((a, b) => a + b),
      })),
      "Dispatch: rows from each rank to each; combine is the same table, read by columns",
    );
    show.table(
      sent.map(({ name, bytes }) => ({
        exchange: name,
        "mean (B)": Math.round(bytes.reduce((a, b) => a + b) / size),
        "most (B)": Math.max(...bytes),
        "formula (B)": Math.round(formula),
      })),
      "A rank sends to others: rows as counted; T k w 4 (n-1)/n",
    );
    const each = (bytes: number): string => `${Math.round(bytes)} B`;
    const mean = sent.slice(0, 2).reduce((sum, { bytes }) => sum + bytes.reduce((a, b) => a + b) / size, 0);
    show.table(
      [
        { layout: `ep${size}`, "forward, of a rank": each(mean), formula: `2 T k w 4 (n-1)/n = ${each(2 * formula)}` },
        {
          layout: `tp${size}`,
          "forward, of a rank": each(tensorBytes[0] ?? 0),
          formula: `2 T n w 4 (n-1)/n = ${each((2 * formula * size) / k)}`,
        },
      ],
      `The same ${tokens * size} tokens, T = ${tokens} of each rank`,
    );
    if (choices > computed)
      show.line(`Dropped by a capacity of ${capacity}: ${choices - computed} of ${choices} choices.`);
    show.line(`Outputs and gradients are one rank's, on every rank: off by ${worst.toExponential(0)}.`);
    show.line(size === 1 ? "One rank has all experts, and sends nothing. Try -n 4." : cheaper(k, size));
  },
});

function cheaper(k: number, size: number): string {
  if (k === size) return `k = n = ${k}: experts on ranks send about as much as parts of experts.`;
  return `k = ${k}, n = ${size}: ${k < size ? "experts on ranks" : "parts of experts"} send less. Both are alike where k = n.`;
}

/** A layer with the weights of the model's last mixture. */
function copyOf(device: TensorDevice, model: Decoder, { config }: MixtureText, capacity?: number): Layer {
  const { width, ffnWidth, experts, expertsPerToken: perToken, normalizeTopK: normalize } = config;
  const layer = new Layer(new MoE(device, width, ffnWidth, { experts, perToken, normalize, capacity }));
  const from = mixtureOf(model).namedParameters();
  device.noGrad(() => {
    for (const [name, parameter] of layer.moe.namedParameters()) parameter.copy_(from.get(name) as Tensor);
  });
  return layer;
}

function mixtureOf(model: Decoder): MoE {
  const mixture = model.layers.at(-1)?.mlp;
  if (!(mixture instanceof MoE)) throw new Error("The model's last block has no mixture.");
  return mixture;
}

/** Forward, and backward of the sum of squares. */
function run(layer: Layer, given: Tensor): { x: Tensor; y: Tensor } {
  const x = given.clone().requiresGrad_();
  const y = layer.call(x);
  y.mul(y).sum().backward();
  return { x, y };
}

/** A few steps of AdamW, four stories each. */
function train(model: Decoder, text: MixtureText, steps: number): void {
  const { device } = model;
  const optimizer = new AdamW(model.parameters(), { lr: 0.003 });
  for (let step = 0; step < steps; step++) {
    device.scope(() => {
      const batch = batchOf(text.stories(4 * step, 4));
      const weight = device.from(batch.weights, [batch.weights.length]);
      const targets = device.from(batch.targets, [batch.targets.length], "i32");
      const { sum } = crossEntropy(model.call(onDevice(device, batch)), targets, { weight });
      sum.mul(1 / batch.targets.length).backward();
      return undefined;
    });
    optimizer.step();
    optimizer.zeroGrad();
  }
}

/** What the last mixture is given for the last tokens of a rank's stories, which all begin alike. */
function inputOf(model: Decoder, text: MixtureText, rank: number, tokens: number): { x: Tensor; tokens: number[] } {
  const { device } = model;
  const batch = batchOf(text.stories(1000 + 64 * rank, Math.ceil(tokens / 8)));
  const from = batch.tokens.length - tokens;
  if (from < 0) throw new Error(`Rank ${rank}'s stories have fewer than ${tokens} tokens.`);
  let x: Tensor | undefined;
  const hook = mixtureOf(model).registerForwardPreHook(([given]) => {
    x = device.unscoped(() =>
      given
        .detach()
        .slice(0, from, from + tokens)
        .clone(),
    );
  });
  device.noGrad(() => model.call(onDevice(device, batch)));
  hook.remove();
  if (!x) throw new Error("The mixture was not called.");
  return { x, tokens: [...batch.tokens.slice(from)] };
}

function onDevice(device: TensorDevice, batch: ReturnType<typeof batchOf>) {
  const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
  return { tokens: i32(batch.tokens), positions: i32(batch.positions), starts: i32(batch.starts) };
}
