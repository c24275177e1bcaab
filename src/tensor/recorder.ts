/**
 * What tensors ask of a tape: the interface between operations, which it is told of, and gradients. How a
 * tape keeps what it is told, and how backward reads it, is a folder of its own; a device without one computes
 * all the same, and has no gradients.
 */
import type { DType } from "../device/index.ts";
import type { Shape } from "./shape.ts";

/** A place on the tape that a gradient can flow to. */
export interface GradientNode {
  /** Whether it is a weight, or depends on nothing but weights. */
  readonly isWeight: boolean;
  /** One more tensor, or node, refers to it. */
  retain(): void;
  /** One less; without any, it and what it has kept are let go. */
  release(): void;
}

/** Where a tensor came from: one output of a node. */
export interface Edge {
  readonly node: GradientNode;
  readonly output: number;
}

/** Takes a hook away again. */
export interface HookHandle {
  remove(): void;
}

/** What kind of leaf it is. */
export interface LeafOptions {
  /** A parameter of a model: its gradient may be computed later than those of activations, and counts as one in the memory statistics. */
  readonly isWeight?: boolean;
  /** Of its gradient, if not its own. */
  readonly gradDType?: DType;
}

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keeps what the operations have saved, so that backward can run again. */
  readonly retainGraph?: boolean;
}

/** The tape, as tensors T and their device see it. */
export interface Recorder<T> {
  /** Stops recording, for what one operation does inside. @returns whether it was on. */
  pause(): boolean;
  /** Goes on recording. */
  resume(): void;
  /** Whether operations are recorded. */
  readonly recording: boolean;
  /** Whether somebody wants to be told of every operation, also of views that no gradient flows through. */
  readonly watched: boolean;
  /** Enters an operation, after it was carried out. @param args as it was called: a list, or tensors by name. */
  record(operation: string, args: object, result: unknown): void;
  /** Makes a tensor a leaf, whose gradient is wanted. @throws TypeError for integers. */
  leaf(tensor: T, options?: LeafOptions): Edge;
  /** The gradient of a leaf. */
  gradOf(edge: Edge): T | null;
  /** Replaces the gradient of a leaf; the old one is freed unless it is the new one. @throws RangeError for another shape. */
  setGrad(edge: Edge, gradient: T | null, shape: Shape): void;
  isLeaf(edge: Edge): boolean;
  /** Gradients of everything that a tensor was computed from. */
  backward(root: T, gradient: T | undefined, options: BackwardOptions): void;
  /** Calls a function with the gradient of a tensor as soon as it is whole; what it returns takes its place. */
  hook(edge: Edge, hook: (gradient: T) => T | undefined): HookHandle;
  /** Calls a function when the last gradient of a backward pass was added to a leaf. */
  hookLeaf(edge: Edge, hook: () => void): HookHandle;
}
