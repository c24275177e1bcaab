/**
 * What differs between Node and a browser, as one small interface. Nothing above this
 * folder imports a `node:` module to run a rank.
 */

/** A compiled kernel module and which build it is. */
export interface KernelModule {
  readonly module: WebAssembly.Module;
  /** `relaxed` has fused multiply-add, `base` runs on every engine with SIMD. */
  readonly build: "relaxed" | "base";
}

/** How a thread lets the others of its event loop run. */
export interface EventLoop {
  /** Runs `step` once every microtask that is ready, and those they lead to, have run. */
  afterMicrotasks(step: () => void): void;
  /** Runs `step` in a new turn of the loop: timers and messages come before it. */
  macrotask(step: () => void): void;
}

export interface Platform extends EventLoop {
  readonly name: "node" | "browser";
  /** Logical processors that this process may use. */
  readonly cores: number;
  /** Whether the calling thread may sleep in Atomics.wait. */
  readonly mayBlock: boolean;
  /** Compiles a kernel build: the one asked for, else the fastest that the engine accepts. */
  loadKernels(build?: KernelModule["build"]): Promise<KernelModule>;
}
