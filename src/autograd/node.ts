/**
 * What stands on the tape. A Node is an operation: its arguments, where its tensors came from, and what it has
 * saved. A Leaf is where gradients end and add up. Edges lead from a node to those that made its inputs.
 *
 * Nodes are counted by reference, by the tensors that they made and by the nodes that read these: a loss that
 * nobody calls backward on gives up everything with its handle.
 */
import type { Edge, GradientNode } from "../tensor/index.ts";
import type { Site } from "../trace/site.ts";
import type { Derivative } from "./derivative.ts";
import type { Hooks } from "./hooks.ts";
import type { Region } from "./region.ts";
import type { Saved } from "./saved.ts";

/** What a node is made of. */
export interface NodeParts {
  readonly operation: string;
  readonly derivative: Derivative;
  /** As the operation was called. Their shapes stay readable; their elements may be gone. */
  readonly args: object;
  /** One for each input of the derivative; undefined where no gradient is wanted. */
  readonly edges: readonly (Edge | undefined)[];
  readonly saved: readonly (Saved | undefined)[];
  /** Position on the tape: later operations have larger ones. */
  readonly order: number;
  readonly region: Region | undefined;
  /** Line of the program, while few operations have been recorded. */
  readonly site: Site | undefined;
}

/** An operation that gradients flow through. */
export class Node implements GradientNode {
  readonly operation: string;
  readonly derivative: Derivative;
  readonly args: object;
  readonly edges: readonly (Edge | undefined)[];
  readonly order: number;
  readonly region: Region | undefined;
  readonly site: Site | undefined;
  /** Whether it depends on nothing but weights, and is no activation itself, so that its gradient is only for them. */
  readonly isWeight: boolean;
  #saved: readonly (Saved | undefined)[] | undefined;
  #users = 0;
  #hooks: Hooks[] | undefined;

  constructor(parts: NodeParts) {
    this.operation = parts.operation;
    this.derivative = parts.derivative;
    this.args = parts.args;
    this.edges = parts.edges;
    this.order = parts.order;
    this.region = parts.region;
    this.site = parts.site;
    this.#saved = parts.saved;
    let isWeight = !parts.derivative.activates?.(parts.args as never);
    for (const edge of parts.edges) {
      edge?.node.retain();
      if (edge && !edge.node.isWeight) isWeight = false;
    }
    this.isWeight = isWeight;
  }

  retain(): void {
    this.#users++;
  }

  /** With its last user it goes, and so do those that only it read: one after the other, since chains may be long. */
  release(): void {
    if (--this.#users > 0) return;
    const gone: Node[] = [this];
    for (let node = gone.pop(); node; node = gone.pop()) {
      node.free();
      for (const edge of node.edges) {
        if (!(edge?.node instanceof Node)) edge?.node.release();
        else if (--edge.node.#users === 0) gone.push(edge.node);
      }
    }
  }

  /** Whether what it saved was given up. */
  get isFreed(): boolean {
    return this.#saved === undefined;
  }

  /** What it saved. @throws Error when backward has been here and gave it up. */
  get saved(): readonly (Saved | undefined)[] {
    if (this.#saved) return this.#saved;
    throw new Error(
      `backward came to ${this.operation} a second time, and what it had saved was given up the first time. ` +
        "Add the losses and call backward once, or call backward(undefined, { retainGraph: true }) first.",
    );
  }

  /** Gives up what it saved. */
  free(): void {
    for (const saved of this.#saved ?? []) saved?.release();
    this.#saved = undefined;
  }

  /** Hooks on one of its outputs; they are made when asked for. */
  hooksOf(output: number, make: () => Hooks): Hooks {
    this.#hooks ??= [];
    this.#hooks[output] ??= make();
    return this.#hooks[output];
  }

  /** Hooks on an output, if there are any. */
  hooks(output: number): Hooks | undefined {
    return this.#hooks?.[output];
  }
}
