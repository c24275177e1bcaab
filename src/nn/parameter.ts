/**
 * A parameter of a model: a tensor that never changes its identity. Optimizers, ties and shards name it; its
 * values, and where they lie, may change. How it begins is said here and drawn by name, so that every layout
 * of a model over ranks begins with the same weights.
 */
import { type DType, sizeOf } from "../device/index.ts";
import {
  contiguousStrides,
  rawOf,
  type Shape,
  Storage,
  setEdge,
  sizeOfShape,
  Tensor,
  type TensorDevice,
} from "../tensor/index.ts";

/** How a parameter begins. */
export type Init =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  /** Normal with mean 0. */
  | { readonly kind: "normal"; readonly std: number }
  /** Uniform in (-bound, bound). */
  | { readonly kind: "uniform"; readonly bound: number };

/** What a parameter is. */
export interface ParameterOptions {
  readonly dtype?: DType;
  /** Of its gradient, if not its own: f32 under half formats adds up what they would lose. */
  readonly gradDType?: DType;
  readonly init?: Init;
  /** Leaves the values undefined, for whoever loads them. */
  readonly empty?: boolean;
}

/** A weight of a module. */
export class Parameter extends Tensor {
  /** How it begins. */
  readonly init: Init;

  /** @throws OutOfMemoryError; TypeError for an integer dtype. */
  constructor(device: TensorDevice, shape: Shape, options: ParameterOptions = {}) {
    const { dtype = "f32", gradDType, init = { kind: "zeros" }, empty = false } = options;
    const raw = rawOf(device);
    const buffer = raw.alloc(sizeOfShape(shape) * sizeOf(dtype), "parameters");
    super(device, new Storage(raw, buffer), dtype, [...shape], contiguousStrides(shape), 0);
    this.init = init;
    setEdge<Tensor>(this, device.tape.leaf(this, { isWeight: true, gradDType }));
    if (!empty) this.initialize(device.randomKey("parameter"));
  }

  /** Draws its first values. @param seed of its numbers. */
  initialize(seed: number): void {
    const device = this.device as TensorDevice;
    const { init } = this;
    device.noGrad(() => {
      if (init.kind === "zeros") this.fill_(0);
      else if (init.kind === "ones") this.fill_(1);
      else {
        using drawn = init.kind === "normal" ? device.randn(this.shape, { seed }) : device.rand(this.shape, { seed });
        if (init.kind === "normal") drawn.mul_(init.std);
        else drawn.mul_(2 * init.bound).sub_(init.bound);
        this.copy_(drawn);
      }
    });
  }
}
