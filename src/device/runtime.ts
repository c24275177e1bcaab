/**
 * The kernels of one thread: an instance of the compiled module over the job's memory,
 * with the scratch it needs. Every device of the thread (one rank, or with the local
 * transport many) shares it, because kernels of one thread never overlap in time.
 */
import type { KernelModule } from "../platform/platform.ts";
import type { Blas } from "./blas.ts";
import type { KernelExports } from "./kernels/index.ts";
import type { SegmentPool } from "./memory/segments.ts";
import type { Team } from "./team.ts";

/** Most buffers that one `combine` reads or writes. */
const LIST = 4096;

/** What a thread may have besides our kernels. */
export interface RuntimeExtras {
  readonly blas?: Blas;
  readonly team?: Team;
}

export class KernelRuntime {
  readonly #exports: KernelExports;
  readonly build: KernelModule["build"];
  readonly pool: SegmentPool;
  /** Does large matrix products, where the machine has one. */
  readonly blas: Blas | undefined;
  /** Shares large kernels, where the thread has helpers. */
  readonly team: Team | undefined;
  readonly #owner: number;
  #private = 0;
  #privateBytes = 0;
  #lists = 0;
  #listWords!: Int32Array;

  /** @param owner whose quota-free scratch this is in the pool's books. */
  constructor(kernels: KernelModule, pool: SegmentPool, owner: number, { blas, team }: RuntimeExtras = {}) {
    const instance = new WebAssembly.Instance(kernels.module, { env: { memory: pool.memory.wasm } });
    this.#exports = instance.exports as unknown as KernelExports;
    this.build = kernels.build;
    this.pool = pool;
    this.blas = blas;
    this.team = team;
    this.#owner = owner;
  }

  /** The kernels, which see all memory that anybody has taken so far: to be asked for anew each time. */
  get exports(): KernelExports {
    this.pool.settle();
    return this.#exports;
  }

  /** Address of private space for a kernel; what was there may be gone. Taken on first use, and again when more is needed. */
  readonly scratch = (bytes: number): number => {
    if (bytes > this.#privateBytes) {
      if (this.#private !== 0) this.pool.give(this.#private, this.#privateBytes);
      this.#private = this.#take(bytes);
      this.#privateBytes = bytes;
    }
    return this.#private;
  };

  /**
   * Combines buffers element by element: the arithmetic of every reducing collective.
   * @param sources addresses, combined in this order; @param targets where the result goes.
   * @param divisor 1, or the number of ranks for a mean.
   */
  combine(
    op: number,
    dtype: number,
    sources: readonly number[],
    targets: readonly number[],
    n: number,
    divisor = 1,
  ): void {
    if (this.#lists === 0) {
      this.#lists = this.#take(2 * LIST * 4);
      this.#listWords = this.pool.memory.words(this.#lists, 2 * LIST);
    }
    if (sources.length > LIST || targets.length > LIST) throw new RangeError(`combine takes at most ${LIST} buffers.`);
    for (let i = 0; i < sources.length; i++) this.#listWords[i] = sources[i];
    for (let i = 0; i < targets.length; i++) this.#listWords[LIST + i] = targets[i];
    this.exports.combine(op, dtype, this.#lists, sources.length, this.#lists + LIST * 4, targets.length, n, divisor);
  }

  /** dst = src, bytes long. */
  copy(dst: number, src: number, bytes: number): void {
    this.exports.copyBytes(dst, src, bytes);
  }

  #take(bytes: number): number {
    return this.pool.need(this.#owner, bytes, `${bytes} bytes of kernel scratch`);
  }
}
