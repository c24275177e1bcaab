/** A stream whose commands run when somebody drains it, which is how many ranks share one thread. */
import type { Site } from "../../trace/site.ts";
import { type Execute, kernelFailure } from "../kernels/execute.ts";
import type { Blockable } from "./completion.ts";
import { type KernelError, kernelError, type Replayable, type Stream, StreamEvent } from "./stream.ts";

export class DeferredStream implements Stream {
  readonly mode = "deferred";
  readonly #execute: Execute;
  readonly #queue: ((() => void) | Blockable)[] = [];
  readonly #schedule: () => void;
  readonly #waiting: { position: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #added = 0;
  #passed = 0;
  #error: KernelError | undefined;

  /** @param schedule asks for a `drain` soon. */
  constructor(execute: Execute, schedule: () => void) {
    this.#execute = execute;
    this.#schedule = schedule;
  }

  launch(kernel: number, args: readonly number[], site?: Site): void {
    this.#add(() => this.#run(kernel, args, site));
  }

  replay(graph: Replayable): void {
    this.#add(() => {
      for (const { kernel, args, site } of graph.nodes) this.#run(kernel, args, site);
    });
  }

  waitFor(completion: Blockable): void {
    if (!completion.done) this.#add(completion);
  }

  record(): StreamEvent {
    return new StreamEvent(this, this.#added);
  }

  passed(position: number): boolean {
    return this.#passed >= position;
  }

  async reached(position: number): Promise<void> {
    if (!this.passed(position)) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ position, resolve, reject });
        this.#schedule();
      });
    }
    if (this.#error) throw this.#error;
  }

  block(position: number): void {
    if (!this.passed(position)) this.drain();
    if (!this.passed(position)) throw new Error("A thread that runs many ranks cannot block; await the event instead.");
    if (this.#error) throw this.#error;
  }

  synchronize(): Promise<void> {
    return this.reached(this.#added);
  }

  get blocking(): boolean {
    return this.#waiting.length > 0;
  }

  get failure(): KernelError | undefined {
    return this.#error;
  }

  close(): void {
    this.#queue.length = 0;
  }

  /** Runs entries until the queue is empty or must wait. @returns whether any ran. */
  drain(): boolean {
    const before = this.#passed;
    while (this.#queue.length > 0) {
      const entry = this.#queue[0];
      if (typeof entry === "function") entry();
      else if (!entry.done) break;
      else this.#pass(entry);
      this.#queue.shift();
      this.#passed++;
    }
    for (let i = 0; i < this.#waiting.length; ) {
      if (this.#waiting[i].position <= this.#passed) this.#waiting.splice(i, 1)[0].resolve();
      else i++;
    }
    return this.#passed > before;
  }

  /** What the stream waited for is over. If it failed, those who wait for what comes behind it hear why. */
  #pass(completion: Blockable): void {
    try {
      completion.block();
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }

  #run(kernel: number, args: readonly number[], site: Site | undefined): void {
    if (this.#error) return;
    try {
      this.#execute(kernel, args);
    } catch (thrown) {
      this.#error = kernelError(kernelFailure(kernel, thrown), site);
    }
  }

  #add(entry: (() => void) | Blockable): void {
    this.#queue.push(entry);
    this.#added++;
    this.#schedule();
  }
}
