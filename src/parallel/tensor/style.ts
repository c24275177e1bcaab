/** What a plan of tensor parallelism says of a module, and what a style is told of the place where it is applied. */
import type { Module, Parameter, ParameterTree } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import type { Cut } from "./shares.ts";

/** Any module whose first argument a style may change. */
// biome-ignore lint/suspicious/noExplicitAny: modules differ in their arguments, and a style hands them on as they are
export type AnyModule = Module<any[], any>;

/** Where a style is applied. */
export interface Place {
  /** Of the module, such as `layers.0.attention.q`; "" is the model itself. */
  readonly path: string;
  /** What the module lies in. */
  readonly parent: ParameterTree | undefined;
  /** The ranks along the axis. */
  readonly group: ProcessGroup;
  /** Name of the axis of the mesh. */
  readonly axis: string;
  /** Whether tokens are cut along the axis outside attention and MLPs. */
  readonly sequence: boolean;
}

/** A style that was checked at its place and has not changed anything yet. */
export interface Prepared {
  /** Parameters that it will cut. */
  readonly cuts?: readonly Cut[];
  /** Parameters whose gradients are terms of a sum along the axis. */
  readonly partial?: readonly Parameter[];
  /** How many neighbors have the same parameters, where they need a group of their own. */
  readonly copies?: number;
  /** Changes the module. @param copies group of the ranks that have the same parameters. */
  readonly apply?: (copies: ProcessGroup | undefined) => void;
}

/** What becomes of a module: of its weights, its input or its output. */
export interface Style {
  /** A module has at most one style of each kind. */
  readonly kind: "weights" | "input" | "output";
  /** Looks whether it can be. @throws RangeError with both numbers, TypeError for another kind of module; nothing is allocated. */
  prepare(module: AnyModule, place: Place): Prepared;
}

/** Styles by path, in which `*` stands for one step: "layers.*.attention.q". */
export type Plan = Readonly<Record<string, Style | readonly Style[]>>;

/** A tensor that a module was called with. @throws TypeError for anything else. */
export function tensorAt(path: string, x: unknown): Tensor {
  if (typeof x === "object" && x !== null && "shape" in x) return x as Tensor;
  throw new TypeError(`The first argument of ${path || "the model"} is no tensor, so its type cannot be changed.`);
}
