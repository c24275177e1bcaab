/** A stream whose commands run at once, in the thread that launches them. */
import { captureSite, type Site } from "../../trace/site.ts";
import { type Execute, kernelFailure } from "../kernels/execute.ts";
import type { Blockable } from "./completion.ts";
import { type KernelError, kernelError, type Replayable, type Stream, StreamEvent } from "./stream.ts";

export class InlineStream implements Stream {
  readonly mode = "inline";
  readonly blocking = false;
  readonly #execute: Execute;
  readonly #now = new StreamEvent(this, 0);
  #error: KernelError | undefined;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  launch(kernel: number, args: readonly number[], site?: Site): void {
    if (this.#error) return;
    try {
      this.#execute(kernel, args);
    } catch (thrown) {
      this.#error = kernelError(kernelFailure(kernel, thrown), site ?? captureSite());
    }
  }

  replay(graph: Replayable): void {
    const execute = this.#execute;
    const { nodes } = graph;
    if (this.#error) return;
    let at = 0;
    try {
      for (; at < nodes.length; at++) execute(nodes[at].kernel, nodes[at].args);
    } catch (thrown) {
      this.#error = kernelError(kernelFailure(nodes[at].kernel, thrown), nodes[at].site);
    }
  }

  waitFor(completion: Blockable): void {
    completion.block();
  }

  record(): StreamEvent {
    return this.#now;
  }

  passed(): boolean {
    return true;
  }

  async reached(): Promise<void> {
    this.block();
  }

  block(): void {
    if (this.#error) throw this.#error;
  }

  async synchronize(): Promise<void> {
    this.block();
  }

  get failure(): KernelError | undefined {
    return this.#error;
  }

  close(): void {}
}
