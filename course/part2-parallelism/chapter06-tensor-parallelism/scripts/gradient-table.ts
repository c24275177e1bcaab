// The same step of the same model under many layouts: every gradient against the float64 twin of one rank, within a bound
// that any order of sums keeps, and what each layout sent and held.
import { crossEntropy, defineScript, initialize, number, string, type TensorDevice } from "worldsize";
import { Decoder } from "worldsize/models";
import {
  judge,
  layoutText,
  ParallelDecoder,
  parseLayout,
  ranksOf,
  type TwinGradients,
  twinGradients,
} from "worldsize/parallel";
import { batchOf, countOf, type SmallStep, smallStep } from "../lib/small-batch.ts";

/** What is tried if nothing is said: each way alone, then together, on 1, 2, 3, 4, 6 and 8 ranks. */
const LAYOUTS =
  "dp1 dp3 dp2+zero1 dp2+zero2 dp3+fsdp copies2.dp2+fsdp tp2 tp2+sp+overlap tp4+sp cp3 " +
  "dp2.tp2+fsdp+recompute dp3.tp2+sp dp2.cp2.tp2+fsdp+sp";

/** Gradients by name, this rank's part of each. */
type Parts = ReadonlyMap<string, ArrayLike<number>>;

/** What a layout's step came to on this rank. */
interface Step {
  readonly gradients: Parts;
  readonly loss: number;
  readonly held: number;
}

export default defineScript({
  about: "Compares every gradient of a model under many layouts with the float64 twin of one rank.",
  ranks: 8,
  traced: true,
  options: {
    layouts: string(LAYOUTS, "layouts, such as dp2.tp2+fsdp+sp; those of more ranks than there are, are left out"),
    samples: number(7, "samples of the step", { min: 1, max: 64, integer: true }),
    longest: number(24, "most tokens of a sample", { min: 8, max: 256, integer: true }),
    layers: number(1, "blocks", { min: 1, max: 8, integer: true }),
    micro: number(1, "micro-batches of each rank", { min: 1, max: 16, integer: true }),
    experts: number(0, "experts of each block in place of an MLP; layouts with ep share them out", {
      ...{ min: 0, max: 64, integer: true },
    }),
  },
  quick: { options: { layouts: "dp1 dp2+fsdp tp2+sp cp2 dp2.tp2", samples: 4, longest: 12 } },
  async main({ world, device, options, show, spans, now }) {
    const layouts = options.layouts.split(/\s+/).filter(Boolean).map(parseLayout);
    const fitting = layouts.filter((layout) => ranksOf(layout) <= world.size);
    if (fitting.length === 0) {
      throw new RangeError(`--layouts: none of "${options.layouts}" fits -n ${world.size}. Name another, or raise -n.`);
    }
    const step = smallStep(options.samples, options.longest + 1, options.layers, options.experts);
    const alone = await aloneOn(device, step);
    const summary: Record<string, string | number>[] = [];
    const failed: string[] = [];
    for (const layout of fitting) {
      const name = layoutText(layout);
      const ranks = ranksOf(layout);
      const group = await world.newGroup(Array.from({ length: ranks }, (_, rank) => rank));
      if (!group) continue; // the layout has fewer ranks
      const parallel = await ParallelDecoder.create(group, device, step.config, layout);
      const begin = now();
      const { gradients, loss, held } = await stepOf(device, step, parallel, options.micro);
      const bytes = (await spans())
        .filter(({ lane, start, args }) => lane === "comm" && start >= begin && Number(args?.bytes) > 0)
        .reduce((sum, { args }) => sum + Number(args?.bytes), 0);
      const parts = [...parallel.model.namedParameters()].map(([parameter, tensor]) => {
        const own = gradients.get(parameter) ?? [];
        const { difference, bound, ratio } = judge(parameter, own, alone.twin.gradients[parameter], {
          parameter: tensor,
        });
        return { parameter, difference, bound, ratio, equal: equalBits(own, alone.bits.get(parameter), tensor) };
      });
      const all = await group.allGatherObject({ parts, bytes, held });
      // A stage of a pipeline has some of the parameters.
      const names = new Set(all.flatMap((each) => each.parts.map(({ parameter }) => parameter)));
      const rows = [...names].map((parameter) => {
        const found = all.flatMap((each) => each.parts.filter((part) => part.parameter === parameter));
        const [worst] = found.toSorted((a, b) => b.ratio - a.ratio);
        return { ...worst, equal: found.every(({ equal }) => equal) };
      });
      const most = Math.max(...all.map((each) => each.bytes));
      const lost = judge("the loss", [loss], alone.twin.loss);
      for (const { parameter, difference, bound, ratio } of rows) {
        if (ratio > 1) failed.push(`${parameter} under ${name}`);
        if (world.rank === 0) show.status({ layout: name, world: ranks, parameter, difference, bound, bytes: most });
      }
      if (lost.exceeded) failed.push(`the loss under ${name}`);
      const [worst] = rows.toSorted((a, b) => b.ratio - a.ratio);
      summary.push({
        layout: name,
        ranks,
        worst: worst.parameter,
        "of its bound": `${(100 * worst.ratio).toFixed(1)} %`,
        "bit-equal": `${rows.filter(({ equal }) => equal).length}/${rows.length}`,
        "kB sent": (most / 1e3).toFixed(1),
        "kB held": (Math.max(...all.map((each) => each.held)) / 1e3).toFixed(1),
      });
      parallel.dispose();
      group.destroy();
    }
    if (world.rank !== 0) return;
    show.table(summary, `Gradients of ${fitting.length} layout${fitting.length === 1 ? "" : "s"} against one rank's`);
    const left = layouts.filter((layout) => !fitting.includes(layout)).map(layoutText);
    if (left.length > 0) show.line(`Left out, because they have more ranks than ${world.size}:`);
    for (let i = 0; i < left.length; i += 3) show.line(`  ${left.slice(i, i + 3).join(", ")}`);
    if (failed.length > 0) throw new Error(`Beyond their bounds are ${failed.join(", ")}.`);
  },
});

/** One rank with everything: its gradients in f32, and the float64 twin's with their bounds. */
async function aloneOn(
  device: TensorDevice,
  { samples, config }: SmallStep,
): Promise<{ twin: TwinGradients; bits: Parts }> {
  const model = new Decoder(device, config);
  initialize(model, 0);
  const batch = batchOf(samples);
  const count = countOf(samples);
  const weights: Record<string, { shape: readonly number[]; data: ArrayLike<number> }> = {};
  for (const [name, parameter] of model.namedParameters()) {
    weights[name] = { shape: parameter.shape, data: await parameter.data() };
  }
  device.scope(() => {
    const i32 = (values: Int32Array) => device.from(values, [values.length], "i32");
    const logits = model.call({
      tokens: i32(batch.tokens),
      positions: i32(batch.positions),
      starts: i32(batch.starts),
    });
    const weight = device.from(batch.weights, [batch.weights.length]);
    crossEntropy(logits, i32(batch.targets), { weight })
      .sum.mul(1 / count)
      .backward();
    return undefined;
  });
  const bits = new Map<string, ArrayLike<number>>();
  for (const [name, { grad }] of model.namedParameters()) bits.set(name, (await grad?.data()) ?? []);
  model.dispose();
  return { twin: twinGradients(config, weights, batch, count), bits };
}

/** A step under a layout, and what is held in it at most, over what the model itself holds between steps. */
async function stepOf(
  device: TensorDevice,
  { samples }: SmallStep,
  parallel: ParallelDecoder,
  micro: number,
): Promise<Step> {
  const before = device.memoryStats().allocated.current;
  device.resetPeakMemory();
  const mine = parallel.shareOf(samples);
  const batches = Array.from({ length: micro }, (_, m) => batchOf(mine.filter((__, i) => i % micro === m)));
  const loss = await parallel.synchronize(await parallel.run(batches, countOf(samples)));
  await device.synchronize();
  const held = device.memoryStats().allocated.peak - before;
  const gradients = new Map<string, ArrayLike<number>>();
  for (const [name, { grad }] of parallel.model.namedParameters()) gradients.set(name, (await grad?.data()) ?? []);
  return { gradients, loss, held };
}

/** Whether a part of a gradient has the bits of one rank's. */
function equalBits(
  own: ArrayLike<number>,
  whole: ArrayLike<number> | undefined,
  { shape, part }: { shape: readonly number[]; part: { shape: readonly number[]; from: readonly number[] } },
): boolean {
  if (!whole) return false;
  const steps = part.shape.map((_, axis) => part.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  for (let i = 0; i < own.length; i++) {
    let [rest, at] = [i, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (part.from[axis] + (rest % shape[axis])) * steps[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    if (own[i] !== whole[at]) return false;
  }
  return true;
}
