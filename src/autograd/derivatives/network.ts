/** Derivatives of the fused functions of tensor/functional/, each by the kernel of its backward pass. */
import { functional as F, type Tensor } from "../../tensor/index.ts";
import { type Derivative, derivative, type Gradients } from "../derivative.ts";

/** Where a kernel that only adds writes the gradient of a weight: zeroed first, unless it holds a sum. */
function sumInto<A>(c: Gradients<A>, input: number, like: Tensor): Tensor {
  if (!c.wants(input)) return c.device.zeros(like.shape);
  const { out, add } = c.into(input, like.shape);
  if (!add) c.device.fill(out, 0);
  return out;
}

/** What the functions give that have several results. */
type Normed = Readonly<Record<"y" | "rstd", Tensor>>;
type LayerNormed = Readonly<Record<"y" | "mean" | "rstd", Tensor>>;
type Attended = Readonly<Record<"o" | "lse", Tensor>>;
type Routed = Readonly<Record<"chosen" | "weight", Tensor>>;
type Lost = Readonly<Record<"loss" | "dlogits", Tensor>>;

/** By function. */
export const network: Readonly<Record<string, Derivative | null>> = {
  linear: derivative({
    inputs: ({ x, weight, bias }: F.Linear) => [x, weight, bias],
    save: ({ x, weight }, _y: Tensor, wants) => [wants(1) ? x : undefined, wants(0) ? weight : undefined],
    backward: (c) => {
      const { weight } = c.args;
      const dy = c.dy().contiguous();
      if (c.wants(0)) c.give(0, F.linearInput({ dy, weight: c.saved(1) }));
      if (c.wants(1)) {
        const { out, add } = c.into(1, weight.shape);
        F.linearWeight({ dy, x: c.saved(0), out, add });
      }
      if (c.wants(2)) c.give(2, dy.reshape([-1, weight.shape[0]]).sum(0));
    },
  }),
  embedding: derivative({
    inputs: ({ table }: F.Lookup) => [table],
    save: ({ index }) => [index],
    activates: () => true,
    backward: (c) => {
      if (!c.wants(0)) return; // its half of the pass is another
      const table = sumInto(c, 0, c.args.table);
      F.embeddingBackward({ table, index: c.saved(0), source: c.dy().contiguous() });
    },
  }),
  rmsNorm: derivative({
    inputs: ({ x, weight }: F.RmsNorm) => [x, weight],
    outputs: ({ y }: Normed) => [y],
    save: ({ x, weight }, { rstd }: Normed) => [x, weight, rstd],
    backward: (c) => {
      const [x, weight, rstd] = [c.saved(0), c.saved(1), c.saved(2)];
      const dx = F.rmsNormBackward({ x, weight, rstd, dy: c.dy().contiguous(), dweight: sumInto(c, 1, weight) });
      if (c.wants(0)) c.give(0, dx);
    },
  }),
  layerNorm: derivative({
    inputs: ({ x, weight, bias }: F.LayerNorm) => [x, weight, bias],
    outputs: ({ y }: LayerNormed) => [y],
    save: ({ x, weight }, { mean, rstd }: LayerNormed) => [x, weight, mean, rstd],
    backward: (c) => {
      const [x, weight, mean, rstd] = [c.saved(0), c.saved(1), c.saved(2), c.saved(3)];
      const [dweight, dbias] = [sumInto(c, 1, weight), sumInto(c, 2, weight)];
      const dx = F.layerNormBackward({ x, weight, mean, rstd, dy: c.dy().contiguous(), dweight, dbias });
      if (c.wants(0)) c.give(0, dx);
    },
  }),
  swiglu: derivative({
    inputs: ({ gate, up }: { gate: Tensor; up: Tensor }) => [gate, up],
    save: ({ gate, up }) => [gate, up],
    backward: (c) => {
      const { dgate, dup } = F.swigluBackward({ gate: c.saved(0), up: c.saved(1), dy: c.dy().contiguous() });
      if (c.wants(0)) c.give(0, dgate);
      if (c.wants(1)) c.give(1, dup);
    },
  }),
  gelu: derivative({
    inputs: ({ x }: { x: Tensor }) => [x],
    save: ({ x }) => [x],
    backward: (c) => c.give(0, F.geluBackward({ x: c.saved(0), dy: c.dy().contiguous() })),
  }),
  rope: derivative({
    inputs: ({ x }: F.Rope) => [x],
    save: ({ position, cos, sin }) => [position, cos, sin],
    backward: (c) => {
      const [position, cos, sin] = [c.saved(0), c.saved(1), c.saved(2)];
      c.give(0, F.rope({ x: c.dy().contiguous(), position, cos, sin, back: !c.args.back }));
    },
  }),
  dropout: derivative({
    inputs: ({ x }: F.Dropout) => [x],
    save: ({ place }) => (place ? [place.rows] : []),
    backward: (c) => {
      const { p, seed, block, place } = c.args;
      const part = place && { ...place, rows: c.saved(0) };
      c.give(0, F.dropout({ x: c.dy().contiguous(), p, seed, block, place: part }));
    },
  }),
  attention: derivative({
    inputs: ({ q, k, v }: F.Attention) => [q, k, v],
    outputs: ({ o }: Attended) => [o],
    save: ({ q, k, v, qStarts, kStarts }, { o, lse }: Attended) => [q, k, v, o, lse, qStarts, kStarts],
    backward: (c) => {
      const [q, k, v, o, lse, qStarts, kStarts] = [0, 1, 2, 3, 4, 5, 6].map((i) => c.saved(i));
      const { causal, scale } = c.args;
      const dout = c.dy().contiguous();
      const { dq, dk, dv } = F.attentionBackward({ q, k, v, o, lse, dout, qStarts, kStarts, causal, scale });
      for (const [input, gradient] of [dq, dk, dv].entries()) if (c.wants(input)) c.give(input, gradient);
    },
  }),
  route: derivative({
    inputs: ({ logits }: F.Route) => [logits],
    outputs: ({ weight }: Routed) => [weight],
    save: ({ logits }, { chosen, weight }: Routed) => [logits, chosen, weight],
    backward: (c) => {
      const { k, renormalize } = c.args;
      const [logits, chosen, weight] = [c.saved(0), c.saved(1), c.saved(2)];
      c.give(0, F.routeBackward({ logits, k, renormalize, chosen, weight, dweight: c.dy().contiguous() }));
    },
  }),
  sortByExpert: null,
  limitExperts: null,
  sortRuns: null,
  expertLinear: derivative({
    inputs: ({ x, weights }: F.ExpertLinear) => [x, ...weights],
    save: ({ x, weights, starts }, _y: Tensor, wants) => {
      const needsRows = weights.some((_, i) => wants(i + 1));
      return [starts, needsRows ? x : undefined, ...weights.map((weight) => (wants(0) ? weight : undefined))];
    },
    backward: (c) => {
      const { weights } = c.args;
      const [starts, dy] = [c.saved(0), c.dy().contiguous()];
      if (c.wants(0)) c.give(0, F.expertLinearInput({ dy, weights: weights.map((_, i) => c.saved(i + 2)), starts }));
      if (!weights.some((_, i) => c.wants(i + 1))) return;
      // Of experts without rows as well: their gradient is zero on every rank alike.
      const dweights = weights.map((weight, i) => sumInto(c, i + 1, weight));
      F.expertLinearWeight({ dy, x: c.saved(1), dweights, starts });
    },
  }),
  crossEntropy: derivative({
    inputs: ({ logits }: F.CrossEntropy) => [logits],
    outputs: ({ loss }: Lost) => [loss],
    save: (_, { dlogits }: Lost) => [dlogits],
    backward: (c) => c.give(0, c.saved(0).mul(c.dy().unsqueeze(-1))),
  }),
  weightedCrossEntropy: derivative({
    inputs: ({ logits }: F.WeightedCrossEntropy) => [logits],
    outputs: ({ loss }: Lost) => [loss],
    save: (_, { dlogits }: Lost) => [dlogits],
    backward: (c) => c.give(0, c.saved(0).mul(c.dy().unsqueeze(-1))),
  }),
  silu: derivative({
    inputs: ({ x }: { x: Tensor }) => [x],
    save: ({ x }) => [x],
    backward: (c) => c.give(0, F.siluBackward({ x: c.saved(0), dy: c.dy().contiguous() })),
  }),
  scaleBy: derivative({
    inputs: ({ x, factor }: { x: Tensor; factor: Tensor; inPlace?: boolean }) => [x, factor],
    save: ({ x, factor, inPlace }, _y: Tensor, wants) => {
      if (inPlace) throw new Error(`scaleBy in place on ${x}: gradients flow through it. Leave inPlace out.`);
      return [wants(1) ? x : undefined, wants(0) ? factor : undefined];
    },
    backward: (c) => {
      if (c.wants(0)) c.give(0, F.scaleBy({ x: c.dy().contiguous(), factor: c.saved(1) }));
      if (c.wants(1)) c.give(1, c.dy().mul(c.saved(0)).sum().reshape(c.args.factor.shape));
    },
  }),
};
