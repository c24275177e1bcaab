/** One operation of a backward pass: what its derivative is handed, and where the gradients go that it gives. */
import type { DType } from "../device/index.ts";
import { type Edge, type Shape, sameShape, type Tensor, type TensorDevice } from "../tensor/index.ts";
import type { Arrivals } from "./arrivals.ts";
import { GRADIENT, type Gradients } from "./derivative.ts";
import type { Held } from "./held.ts";
import { Leaf } from "./leaf.ts";
import type { Node } from "./node.ts";

/** Which gradients are asked for: those of activations, those of weights, or both. */
export type Half = "inputs" | "weights" | "both";

export class Context implements Gradients {
  readonly device: TensorDevice;
  readonly args: never;
  readonly #node: Node;
  readonly #incoming: readonly (Held | undefined)[];
  readonly #half: Half;
  readonly #arrivals: Arrivals;
  /** Gradients that were written beside their target, because kernels cannot write into it. */
  readonly #beside: { readonly input: number; readonly out: Tensor }[] = [];

  constructor(
    device: TensorDevice,
    node: Node,
    incoming: readonly (Held | undefined)[],
    half: Half,
    arrivals: Arrivals,
  ) {
    this.device = device;
    this.args = node.args as never;
    this.#node = node;
    this.#incoming = incoming;
    this.#half = half;
    this.#arrivals = arrivals;
  }

  dy(output = 0): Tensor {
    const held = this.#incoming[output];
    if (held) return held.open();
    throw new Error(`${this.#node.operation} asked for the gradient of output ${output}, and none has arrived.`);
  }

  has(output: number): boolean {
    return this.#incoming[output] !== undefined;
  }

  saved(index: number): Tensor {
    const { operation, site, saved } = this.#node;
    const value = saved[index];
    if (value) return value.open(operation, site);
    throw new Error(`${operation} has saved nothing as ${index}.`);
  }

  wants(input: number): boolean {
    const edge = this.#node.edges[input];
    return edge !== undefined && (this.#half === "both" || edge.node.isWeight === (this.#half === "weights"));
  }

  gradDType(input: number): DType | undefined {
    const { node } = this.#edge(input);
    return node instanceof Leaf ? node.dtype : undefined;
  }

  give(input: number, gradient: Tensor): void {
    this.#arrivals.add(this.#edge(input), gradient);
  }

  into(input: number, shape: Shape): { readonly out: Tensor; readonly add: boolean } {
    const { node, output } = this.#edge(input);
    const direct =
      node instanceof Leaf ? sameShape(node.shape, shape) && this.#arrivals.leafDestination(node) : undefined;
    if (direct) return direct;
    const pending = node instanceof Leaf ? undefined : this.#arrivals.destination({ node, output });
    if (pending && sameShape(pending.shape, shape)) return { out: pending, add: true };
    const out = this.device.empty(shape, GRADIENT);
    this.#beside.push({ input, out });
    return { out, add: false };
  }

  /** Hands over what was written beside its target. */
  flush(): void {
    for (const { input, out } of this.#beside) this.give(input, out);
  }

  #edge(input: number): Edge {
    const edge = this.#node.edges[input];
    if (edge) return edge;
    throw new Error(`${this.#node.operation} gave a gradient for input ${input}, which needs none.`);
  }
}
