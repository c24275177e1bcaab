/**
 * The gradients of one backward pass that have arrived and not been used yet. Several uses of a tensor are added
 * up here, in place where nobody else sees the memory. Leaves add to their own sum at once.
 */
import type { Edge, Tensor } from "../tensor/index.ts";
import { Held } from "./held.ts";
import { throughHooks } from "./hooks.ts";
import { Leaf } from "./leaf.ts";
import type { Node } from "./node.ts";

export class Arrivals {
  readonly #pending = new Map<Node, (Held | undefined)[]>();
  /** Leaves that got something in this pass. */
  readonly #reached = new Set<Leaf>();

  /** A gradient arrives. @param gradient of the shape of what the edge leads to. */
  add({ node, output }: Edge, gradient: Tensor): void {
    if (node instanceof Leaf) {
      node.add(throughHooks(gradient, node.arrivals));
      this.#reached.add(node);
      return;
    }
    let slots = this.#pending.get(node as Node);
    if (!slots) this.#pending.set(node as Node, (slots = []));
    const before = slots[output];
    if (!before) {
      slots[output] = new Held(gradient);
    } else if (before.isOurs && before.dtype === gradient.dtype) {
      before.open().add_(gradient);
    } else {
      slots[output] = new Held(before.open().add(gradient));
      before.release();
    }
  }

  /** What has arrived at a node, which is taken out. */
  take(node: Node): (Held | undefined)[] {
    const slots = this.#pending.get(node) ?? [];
    this.#pending.delete(node);
    return slots;
  }

  /** The sum that a kernel may add to, at an output of a node; undefined if there is none of our own. */
  destination({ node, output }: Edge): Tensor | undefined {
    const before = this.#pending.get(node as Node)?.[output];
    return before?.isOurs && before.dtype === "f32" ? before.open() : undefined;
  }

  /** Where a kernel may write, or add, the gradient of a leaf; undefined where it must be given as a tensor. */
  leafDestination(leaf: Leaf): { out: Tensor; add: boolean } | undefined {
    if (leaf.arrivals.list.length > 0) return undefined;
    const place = leaf.destination();
    if (place) this.#reached.add(leaf);
    return place;
  }

  /** Whether a leaf got a gradient in this pass. */
  has(leaf: Leaf): boolean {
    return this.#reached.has(leaf);
  }

  /** Gives up what was not used. */
  release(): void {
    for (const slots of this.#pending.values()) for (const held of slots) held?.release();
    this.#pending.clear();
  }
}
