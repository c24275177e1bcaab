/**
 * The norm of all gradients as of one vector, where ranks have parts of it: what is cut along an axis is summed along it,
 * what is the same on its ranks counts once. One small all_reduce for each axis that cuts something; no gradient travels.
 */
import type { Parameter } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import type { Mesh } from "../mesh.ts";

/** Which norm, of what. */
export interface NormOptions {
  /** Its axes are those that parameters' parts name. Without one, nothing is cut. */
  readonly mesh?: Mesh;
  /** Ranks that have other parameters altogether, as a pipeline's stages do. One that several have says so by its copies. */
  readonly stages?: ProcessGroup;
  /** What the norm may be at most, for the factor. */
  readonly most?: number;
  /** p of (Σ|g|ᵖ)^(1/p): a whole number from 1, or Infinity for the largest. 2 if not given. */
  readonly type?: number;
}

/** Gradients that are cut along the same axes, and what is summed of them. */
interface Share {
  readonly axes: readonly string[];
  readonly copies: number;
  readonly gradients: Tensor[];
}

/**
 * @returns norm, f32 [1], the same on every rank, and factor, f32 [1]: min(1, most / norm), for the optimizer's step. The
 *   stream waits, the host does not. Parameters without a gradient do not count. All ranks of the mesh call it.
 * @throws RangeError for no parameters, a norm that is none, or a parameter that is cut along an axis that the mesh lacks.
 */
export function gradientNormOver(
  parameters: readonly Parameter[],
  options: NormOptions = {},
): { norm: Tensor; factor: Tensor } {
  const { mesh, stages, most = Infinity, type = 2 } = options;
  const [first] = parameters;
  if (!first) throw new RangeError("The norm of gradients needs at least one parameter.");
  if (!(type === Infinity || (Number.isInteger(type) && type >= 1))) {
    throw new RangeError(`A norm has a whole number from 1, or Infinity, as its type, but got ${type}.`);
  }
  const device = first.device as TensorDevice;
  const shares = sharesOf(parameters, mesh);
  return device.noGrad(() =>
    device.scope(() => {
      const parts = device.zeros([shares.length]);
      for (const [i, share] of shares.entries()) parts.slice(0, i, i + 1).add_(partOf(share, type, device));
      for (const axis of mesh?.axes ?? []) sumAlong(axis, parts, shares, mesh as Mesh, type);
      const all = type === Infinity ? parts.max(0, true) : parts.sum(0, true);
      if (stages && stages.size > 1) stages.allReduce(all, type === Infinity ? "max" : "sum").wait();
      const norm = rooted(all, type);
      const factor = Number.isFinite(most) ? device.full([1], most).div(norm).minimum(1) : device.ones([1]);
      return { norm, factor };
    }),
  );
}

/**
 * Scales all gradients so that their norm over the mesh is at most `most`, as torch's clip_grad_norm_ on DTensors does.
 * @returns the norm before, f32 [1].
 */
export function clipGradNormOver_(
  parameters: readonly Parameter[],
  most: number,
  options: Omit<NormOptions, "most"> = {},
): Tensor {
  const { norm, factor } = gradientNormOver(parameters, { ...options, most });
  (factor.device as TensorDevice).noGrad(() => {
    for (const { grad } of parameters) grad?.mul_(grad.dtype === "f32" ? factor : factor.to(grad.dtype));
  });
  factor.dispose();
  return norm;
}

/** Gradients by the axes that cut them. */
function sharesOf(parameters: readonly Parameter[], mesh: Mesh | undefined): Share[] {
  const shares = new Map<string, Share>();
  for (const parameter of parameters) {
    // Along an axis of one rank nothing is cut.
    const axes = parameter.part.axes.filter((axis) => !mesh || mesh.size(axis) > 1);
    if (!mesh && axes.length > 0) {
      throw new RangeError(
        `${parameter} is cut along ${axes.join(", ")}: its norm needs the mesh that has these axes.`,
      );
    }
    const { copies } = parameter.part;
    const key = [...axes, copies].join(" ");
    if (!shares.has(key)) shares.set(key, { axes, copies, gradients: [] });
    if (parameter.grad) shares.get(key)?.gradients.push(parameter.grad);
  }
  return [...shares.values()];
}

/** Σ|g|ᵖ of what this rank has, its share of it where others have the same; or the largest |g|. */
function partOf({ gradients, copies }: Share, type: number, device: TensorDevice): Tensor {
  const own = gradients.filter(({ size }) => size > 0).map((gradient) => gradient.to("f32").contiguous());
  if (own.length === 0) return device.zeros([1]);
  if (type === Infinity) {
    return own.map((gradient) => gradient.abs().max().reshape([1])).reduce((a, b) => a.maximum(b));
  }
  if (type === 2) {
    const norm = F.gradNorm({ gradients: own }).slice(0, 0, 1);
    return norm.mul(norm).mul(1 / copies);
  }
  const powers = own.map((gradient) => {
    const size = gradient.abs();
    let power = size;
    for (let i = 1; i < type; i++) power = power.mul(size);
    return power.sum().reshape([1]);
  });
  return powers.reduce((a, b) => a.add(b)).mul(1 / copies);
}

/** Sums along an axis what it cuts, in one message. */
function sumAlong(axis: string, parts: Tensor, shares: readonly Share[], mesh: Mesh, type: number): void {
  const cut = [...shares.keys()].filter((i) => shares[i].axes.includes(axis));
  if (cut.length === 0) return;
  const device = parts.device as TensorDevice;
  const message = device.empty([cut.length]);
  for (const [to, i] of cut.entries()) message.slice(0, to, to + 1).copy_(parts.slice(0, i, i + 1));
  mesh
    .group(axis)
    .allReduce(message, type === Infinity ? "max" : "sum")
    .wait();
  for (const [from, i] of cut.entries()) parts.slice(0, i, i + 1).copy_(message.slice(0, from, from + 1));
}

function rooted(total: Tensor, type: number): Tensor {
  if (type === Infinity || type === 1) return total;
  return type === 2
    ? total.sqrt()
    : total
        .log()
        .mul(1 / type)
        .exp();
}
