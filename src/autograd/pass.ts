/**
 * One backward pass. It finds the operations that the root depends on, and visits them from the last to the
 * first: when an operation's turn comes, everything that read its result has been visited, so its gradient is
 * whole. What an operation has saved is given up as soon as it was visited.
 *
 * A leaf is ready when the last of its uses in this pass was visited, however many they are.
 */
import type { Edge, Tensor, TensorDevice } from "../tensor/index.ts";
import { Arrivals } from "./arrivals.ts";
import { Context, type Half } from "./context.ts";
import { Held } from "./held.ts";
import { throughHooks } from "./hooks.ts";
import { Leaf } from "./leaf.ts";
import type { Node } from "./node.ts";
import { RegionCounts } from "./region.ts";

/** A part of a pass that waits: gradients of weights. */
export interface Later {
  run(): void;
  /** Gives up what it has kept, unless it ran. */
  drop(): void;
}

export interface PassOptions {
  readonly retainGraph: boolean;
  /** Takes the weights' halves, to be run later; without it they are run at once. */
  readonly defer?: (later: Later) => void;
}

export class Pass {
  readonly #device: TensorDevice;
  readonly #options: PassOptions;
  readonly #arrivals = new Arrivals();
  readonly #regions = new RegionCounts();
  /** Uses of each leaf that have not been visited. */
  readonly #uses = new Map<Leaf, number>();

  constructor(device: TensorDevice, options: PassOptions) {
    this.#device = device;
    this.#options = options;
  }

  /** @param gradient of what the edge leads to. @throws what derivatives throw; what was on the way is given up then. */
  run(root: Edge, gradient: Tensor): void {
    const order = this.#expect(root);
    this.#arrivals.add(root, gradient);
    if (root.node instanceof Leaf) this.#used(root.node);
    try {
      for (const node of order) this.#visit(node);
    } finally {
      if (!this.#options.defer) this.#arrivals.release();
    }
  }

  /** Everything that the root depends on, from the last to the first. */
  #expect(root: Edge): Node[] {
    const found = new Set<Node>();
    const open: Edge[] = [root];
    for (let edge = open.pop(); edge; edge = open.pop()) {
      if (edge.node instanceof Leaf) {
        this.#uses.set(edge.node, (this.#uses.get(edge.node) ?? 0) + 1);
        continue;
      }
      const node = edge.node as Node;
      if (found.has(node)) continue;
      found.add(node);
      this.#regions.expect(node.region);
      for (const next of node.edges) if (next) open.push(next);
    }
    return [...found].sort((a, b) => b.order - a.order);
  }

  #visit(node: Node): void {
    this.#regions.enter(node.region);
    const { defer } = this.#options;
    if (defer && node.isWeight) {
      defer({
        run: () => this.#finish(node, this.#compute(node, this.#arrivals.take(node), "both")),
        drop: () => this.#drop(node, []),
      });
    } else if (defer && node.edges.some((edge) => edge?.node.isWeight)) {
      const incoming = this.#compute(node, this.#arrivals.take(node), "inputs");
      defer({
        run: () => this.#finish(node, this.#compute(node, incoming, "weights")),
        drop: () => this.#drop(node, incoming),
      });
    } else {
      this.#finish(node, this.#compute(node, this.#arrivals.take(node), "both"));
    }
    this.#regions.leave(node.region);
  }

  /** Runs a derivative, if any gradient has arrived. @returns what had arrived, after hooks. */
  #compute(node: Node, incoming: readonly (Held | undefined)[], half: Half): readonly (Held | undefined)[] {
    if (!incoming.some((held) => held)) return incoming;
    let seen = incoming;
    try {
      this.#device.scope(() => {
        if (half !== "weights") seen = incoming.map((held, output) => hooked(node, output, held));
        const context = new Context(this.#device, node, seen, half, this.#arrivals);
        node.derivative.backward(context as never);
        context.flush();
        return undefined;
      });
    } catch (error) {
      for (const held of seen) held?.release();
      throw error;
    }
    return seen;
  }

  #drop(node: Node, incoming: readonly (Held | undefined)[]): void {
    for (const held of incoming) held?.release();
    this.#arrivals.release();
    if (!this.#options.retainGraph) node.free();
  }

  #finish(node: Node, incoming: readonly (Held | undefined)[]): void {
    for (const held of incoming) held?.release();
    if (!this.#options.retainGraph) node.free();
    for (const edge of node.edges) if (edge?.node instanceof Leaf) this.#used(edge.node);
  }

  /** One use of a leaf was visited. */
  #used(leaf: Leaf): void {
    const left = (this.#uses.get(leaf) ?? 0) - 1;
    this.#uses.set(leaf, left);
    if (left === 0 && this.#arrivals.has(leaf)) for (const hook of leaf.ready.list) hook();
  }
}

/** A gradient after the hooks on its output. */
function hooked(node: Node, output: number, held: Held | undefined): Held | undefined {
  const hooks = node.hooks(output);
  if (!held || !hooks) return held;
  const next = new Held(throughHooks(held.open(), hooks));
  held.release();
  return next;
}
