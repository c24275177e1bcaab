/** A captured graph of tensor operations. What it saves, and what cannot be captured, is in device/graph.ts. */
import type { Device, Graph } from "../device/index.ts";
import type { Kept } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/** A graph and the tensors that it writes. */
export class Captured<T extends Kept = Kept> {
  /** What the captured function returned: the same tensors, with new values after every replay. */
  readonly output: T;
  readonly #device: Device;
  readonly #graph: Graph;

  constructor(device: Device, graph: Graph, output: T) {
    this.#device = device;
    this.#graph = graph;
    this.output = output;
  }

  /** Names of the kernels, in order. */
  get kernels(): string[] {
    return this.#graph.kernels;
  }

  /** Addresses that the first kernel was captured with. For benches. */
  get addresses(): readonly number[] {
    return this.#graph.nodes[0]?.args ?? [];
  }

  /** Launches all kernels, with the values that the captured tensors have by then. */
  replay(): void {
    this.#device.replay(this.#graph);
  }

  /** Frees the graph, its memory and its output. */
  release(): void {
    const { output } = this;
    const tensors = output instanceof Tensor ? [output] : Object.values(output ?? {});
    for (const tensor of tensors) tensor.dispose();
    this.#device.release(this.#graph);
  }
}
