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

/** Which box of a whole a parameter is, where ranks share it out among themselves; and what its gradient still lacks. */
export interface Part {
  /** Shape of the whole. */
  readonly shape: Shape;
  /** Where the box begins along each axis of the whole; it is as long as the parameter. */
  readonly from: readonly number[];
  /** Axes of the mesh along which ranks have boxes of their own. */
  readonly axes: readonly string[];
  /** How many of these ranks have this very box, such as heads of keys that are fewer than ranks. */
  readonly copies: number;
  /** Axes of the mesh along which the gradients of a backward pass are terms of a sum that is still to be taken. */
  readonly partial: readonly string[];
}

/** What a parameter is. */
export interface ParameterOptions {
  readonly dtype?: DType;
  /** Of its gradient, if not its own: f32 under half formats adds up what they would lose. */
  readonly gradDType?: DType;
  readonly init?: Init;
  /** Leaves the values undefined, for whoever loads them. */
  readonly empty?: boolean;
  /** Leaves it without bytes, too, until it is cut, loaded or initialized: for models that do not fit in one piece. */
  readonly meta?: boolean;
}

/** A weight of a module. */
export class Parameter extends Tensor {
  /** How it begins. */
  readonly init: Init;
  #part: Part;

  /** @throws OutOfMemoryError; TypeError for an integer dtype. */
  constructor(device: TensorDevice, shape: Shape, options: ParameterOptions = {}) {
    const { dtype = "f32", gradDType, init = { kind: "zeros" }, empty = false, meta = false } = options;
    const raw = rawOf(device);
    const buffer = meta ? undefined : raw.alloc(sizeOfShape(shape) * sizeOf(dtype), "parameters");
    super(device, new Storage(raw, buffer, "parameters"), dtype, [...shape], contiguousStrides(shape), 0);
    this.init = init;
    this.#part = { shape: [...shape], from: shape.map(() => 0), axes: [], copies: 1, partial: [] };
    setEdge<Tensor>(this, device.tape.leaf(this, { isWeight: true, gradDType }));
    if (!empty && !meta) this.initialize(device.randomKey("parameter"));
  }

  /** Which part of the whole it is: all of it, if nobody has cut it. */
  get part(): Part {
    return this.#part;
  }

  /** Says which part of the whole it is from now on, or what its gradient lacks. */
  describe(part: Partial<Part>): void {
    this.#part = { ...this.#part, ...part };
  }

  /** Whether it has bytes. */
  get isMeta(): boolean {
    return this.storage.bytes === 0 && this.size > 0;
  }

  /**
   * Lies in another storage from now on, of which it takes over one handle: it keeps its identity, whatever optimizers
   * and ties know it by. Its gradient's shape is the tape's business (`shapeGrad`). @param offset bytes.
   */
  lieIn(storage: Storage, shape: Shape, offset = 0): void {
    this.moveTo(storage, shape, offset);
  }

  /** Draws its first values; of a part, those that the whole would have there. @param seed of its numbers. */
  initialize(seed: number): void {
    const device = this.device as TensorDevice;
    if (this.isMeta) this.storage.resize(this.size * sizeOf(this.dtype));
    const { init } = this;
    device.noGrad(() => {
      if (init.kind === "zeros") this.fill_(0);
      else if (init.kind === "ones") this.fill_(1);
      else device.scope(() => this.#draw(device, init, seed));
    });
  }

  #draw(device: TensorDevice, init: Init & { kind: "normal" | "uniform" }, seed: number): undefined {
    const { shape, from } = this.#part;
    const drawn = init.kind === "normal" ? device.randn(shape, { seed }) : device.rand(shape, { seed });
    if (init.kind === "normal") drawn.mul_(init.std);
    else drawn.mul_(2 * init.bound).sub_(init.bound);
    this.copy_(from.reduce((box, start, axis) => box.slice(axis, start, start + this.shape[axis]), drawn));
    return undefined;
  }
}
