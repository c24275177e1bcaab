/**
 * The tape: it is told of every operation while it records, and makes a node of those that gradients flow
 * through. One for each device; what it is doing (recording or not, in which region, with which hooks on saved
 * values) is its state and nobody else's.
 */
import type { DType } from "../device/index.ts";
import {
  type BackwardOptions,
  type Edge,
  edgeOf,
  type HookHandle,
  type LeafOptions,
  type Recorder,
  type Shape,
  sameShape,
  setEdge,
  Tensor,
  type TensorDevice,
} from "../tensor/index.ts";
import { captureSite } from "../trace/site.ts";
import { DeferredWeights } from "./deferred-weights.ts";
import type { Derivative } from "./derivative.ts";
import { derivatives } from "./derivatives/index.ts";
import { type GradientHook, Hooks } from "./hooks.ts";
import { Leaf } from "./leaf.ts";
import { Node } from "./node.ts";
import type { Observer } from "./observer.ts";
import { type Later, Pass } from "./pass.ts";
import { checkFloat, refuseTracked } from "./refuse.ts";
import { Region, type RegionHooks } from "./region.ts";
import { PackedTensor, type Saved, type SavedHooks, SavedTensor } from "./saved.ts";

/** Operations whose line is remembered: mistakes show in the first step, and lines cost more than operations. */
const LINES = 4096;

export class Tape implements Recorder<Tensor> {
  #recording = true;
  #repeating = false;
  #observer: Observer | undefined;
  #recorded = 0;
  #region: Region | undefined;
  #savedHooks: SavedHooks | undefined;
  #defer: Later[] | undefined;
  /** What is put off and may be computed while the stream would wait. */
  #meanwhile: DeferredWeights | undefined;

  get recording(): boolean {
    return this.#recording;
  }

  /** Whether a function runs for the second time, because backward needs what the first run did not keep. */
  get repeating(): boolean {
    return this.#repeating;
  }

  get watched(): boolean {
    return this.#observer !== undefined;
  }

  /** Runs a function whose operations somebody is told of; what it throws is thrown by the operation. Backward passes are left out. */
  observe<R>(observer: Observer | undefined, body: () => R): R {
    const before = this.#observer;
    this.#observer = observer;
    try {
      return body();
    } finally {
      this.#observer = before;
    }
  }

  pause(): boolean {
    const was = this.#recording;
    this.#recording = false;
    return was;
  }

  resume(): void {
    this.#recording = true;
  }

  record(operation: string, args: object, result: unknown): void {
    this.#observer?.(operation, args, result);
    const entry: Derivative | null | undefined = derivatives[operation];
    if (!entry) {
      if (entry === undefined) refuseTracked(operation, args);
      return;
    }
    const inputs = entry.inputs(args as never);
    let tracked = false;
    for (const input of inputs) if (input && edgeOf(input)) tracked = true;
    if (!tracked) return;
    const edges = inputs.map((input) => (input ? edgeOf(input) : undefined));
    const wants = (input: number): boolean => edges[input] !== undefined;
    const saved = entry.save?.(args as never, result as never, wants) ?? [];
    const order = this.#recorded++;
    const node = new Node({
      operation,
      derivative: entry,
      args,
      edges,
      saved: saved.map((tensor) => tensor && this.save(tensor)),
      order,
      region: this.#region,
      site: order < LINES ? captureSite() : undefined,
    });
    const outputs = entry.outputs?.(result as never) ?? [result as Tensor];
    for (const [output, tensor] of outputs.entries()) setEdge(tensor, { node, output });
  }

  leaf(tensor: Tensor, { isWeight = false, gradDType = tensor.dtype }: LeafOptions = {}): Edge {
    for (const dtype of [tensor.dtype, gradDType]) checkFloat(tensor, dtype);
    return { node: new Leaf(tensor.device as TensorDevice, tensor, isWeight, gradDType), output: 0 };
  }

  isLeaf({ node }: Edge): boolean {
    return node instanceof Leaf;
  }

  gradOf({ node }: Edge): Tensor | null {
    return node instanceof Leaf ? node.grad : null;
  }

  setGrad({ node }: Edge, gradient: Tensor | null, shape: Shape): void {
    if (!(node instanceof Leaf)) throw new Error("Only a leaf has a gradient that can be set.");
    if (gradient !== null && !(gradient instanceof Tensor && sameShape(gradient.shape, shape))) {
      throw new RangeError(`The gradient of a tensor of shape [${shape}] has that shape, but got ${gradient}.`);
    }
    node.set(gradient);
  }

  /** Where the gradient of a leaf is to lie from now on, such as a part of a bucket. @throws RangeError for another shape. */
  placeGrad(tensor: Tensor, place: Tensor | undefined): void {
    leafOf(tensor, "placeGrad").placeAt(place);
  }

  /** The dtype in which the gradients of a leaf are added up. */
  gradDType(tensor: Tensor): DType {
    return leafOf(tensor, "gradDType").dtype;
  }

  /**
   * The gradient of a leaf has another shape from now on, because what it is of was gathered, or cut: what has been
   * added up is given up, and so is a place that was given.
   */
  shapeGrad(tensor: Tensor, shape: Shape): void {
    leafOf(tensor, "shapeGrad").reshape(shape);
  }

  hook({ node, output }: Edge, hook: GradientHook): HookHandle {
    if (node instanceof Leaf) return node.arrivals.add(hook);
    return (node as Node).hooksOf(output, () => new Hooks()).add(hook);
  }

  hookLeaf({ node }: Edge, hook: () => void): HookHandle {
    if (node instanceof Leaf) return node.ready.add(hook);
    throw new Error("A hook after accumulation sits on a leaf, but this is the result of an operation.");
  }

  backward(root: Tensor, gradient: Tensor | undefined, { retainGraph = false }: BackwardOptions): void {
    const edge = edgeOf(root);
    if (!edge) {
      throw new Error(
        `backward on ${root}: nothing that it was computed from needs a gradient. Call requiresGrad_() first.`,
      );
    }
    if (!gradient && root.size !== 1) {
      throw new RangeError(
        `backward on ${root} needs the gradient of each element: give it, or take a sum() or mean().`,
      );
    }
    if (gradient && !sameShape(gradient.shape, root.shape)) {
      throw new RangeError(`backward on ${root} takes a gradient of its shape, but got ${gradient}.`);
    }
    const device = root.device as TensorDevice;
    const later = this.#defer;
    const pass = new Pass(device, {
      retainGraph,
      defer: later && (({ run, drop }) => later.push({ run: () => this.#still(run), drop })),
    });
    const run = (): undefined => {
      pass.run(edge, gradient ?? device.full(root.shape, 1, root.dtype));
      return undefined;
    };
    this.observe(undefined, () => this.#still(() => device.scope(run)));
  }

  /** Puts off the gradients of weights in every backward pass of a function, as zero-bubble schedules do. */
  deferWeights(body: () => void): DeferredWeights {
    const before = this.#defer;
    const later: Later[] = [];
    this.#defer = later;
    const weights = new DeferredWeights(later);
    try {
      body();
    } catch (error) {
      weights.dispose();
      throw error;
    } finally {
      this.#defer = before;
    }
    return weights;
  }

  /**
   * Backward passes of a function put off the gradients of weights until something calls `meanwhile`, as a collective does
   * that is in flight, and compute the rest at its end. Each adds up in the order in which it would have without.
   */
  overlapWeights(body: () => void): void {
    const [before, outer] = [this.#defer, this.#meanwhile];
    const later: Later[] = [];
    const weights = new DeferredWeights(later);
    [this.#defer, this.#meanwhile] = [later, weights];
    try {
      body();
      this.meanwhile();
    } finally {
      [this.#defer, this.#meanwhile] = [before, outer];
      weights.dispose();
    }
  }

  /** Computes the gradients of weights that `overlapWeights` has put off so far; nothing where it has not. */
  meanwhile(): void {
    const weights = this.#meanwhile;
    this.#meanwhile = undefined; // what runs now may come here again, and begin nothing anew
    try {
      weights?.run();
    } finally {
      this.#meanwhile = weights;
    }
  }

  /** Runs a function whose operations belong to a region: its hooks are called around their backward. */
  region<R>(hooks: RegionHooks, body: () => R): R {
    const outer = this.#region;
    this.#region = new Region(hooks, outer);
    try {
      return body();
    } finally {
      this.#region = outer;
    }
  }

  /** Runs a function whose saved values go through hooks. */
  withSavedHooks<P, R>(hooks: SavedHooks<P>, body: () => R): R {
    const before = this.#savedHooks;
    this.#savedHooks = hooks as SavedHooks;
    try {
      return body();
    } finally {
      this.#savedHooks = before;
    }
  }

  /** Runs a function for the second time, for backward: it records, also where nothing is recorded. */
  again<R>(body: () => R): R {
    const before = [this.#recording, this.#repeating] as const;
    [this.#recording, this.#repeating] = [true, true];
    try {
      return body();
    } finally {
      [this.#recording, this.#repeating] = before;
    }
  }

  /** Keeps a value as an operation would: through the hooks that are set, and with its version. */
  save(tensor: Tensor): Saved {
    const hooks = this.#savedHooks;
    return hooks ? this.#still(() => new PackedTensor(hooks, tensor)) : new SavedTensor(tensor);
  }

  /** Runs a function whose operations are not entered. */
  #still<R>(body: () => R): R {
    const was = this.pause();
    try {
      return body();
    } finally {
      if (was) this.resume();
    }
  }
}

/** The tape of a device. @throws Error for a device that was made without one. */
export function tapeOf(device: Tensor["device"]): Tape {
  if (device.tape instanceof Tape) return device.tape;
  throw new Error("This device has no tape, so there are no gradients on it. Take the device that a script is handed.");
}

function leafOf(tensor: Tensor, call: string): Leaf {
  const node = edgeOf(tensor)?.node;
  if (node instanceof Leaf) return node;
  throw new Error(`${call} on ${tensor}, which is no leaf that needs a gradient.`);
}
