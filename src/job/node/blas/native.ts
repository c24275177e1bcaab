/** A BLAS, called through koffi in the calling thread, on the job's memory. */
import { createRequire } from "node:module";
import type { Blas, Sgemm } from "../../../device/index.ts";
import type { SharedMemory } from "../../../platform/memory.ts";
import { type BlasChoice, blasName } from "../../blas-choice.ts";

/** What we use of koffi. */
interface Koffi {
  load(path: string): { func(signature: string): (...args: unknown[]) => unknown };
  address(view: ArrayBufferView): number | bigint;
}

type Cblas = (...args: number[]) => void;

const ROW_MAJOR = 101;
const PLAIN = 111;
const TRANSPOSED = 112;

/** How libraries are told to use one thread. */
const oneThread = [
  "void openblas_set_num_threads(int)",
  "void MKL_Set_Num_Threads(int)",
  "void bli_thread_set_num_threads(int64_t)",
];

/** Opens a library on first use, because most threads never multiply anything large. */
export class NativeBlas implements Blas {
  readonly name: string;
  readonly from: number;
  readonly splits: boolean;
  readonly #path: string;
  readonly #memory: SharedMemory;
  #sgemm: Cblas | undefined;
  #base = 0;

  constructor(choice: BlasChoice, memory: SharedMemory) {
    const { path, from, splits } = choice;
    this.#path = path;
    this.name = blasName(choice);
    this.from = from;
    this.splits = splits;
    this.#memory = memory;
  }

  readonly sgemm: Sgemm = (transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate) => {
    this.#sgemm ??= this.#open();
    const base = this.#base;
    const [left, right] = [transA ? TRANSPOSED : PLAIN, transB ? TRANSPOSED : PLAIN];
    this.#sgemm(ROW_MAJOR, left, right, m, n, k, 1, base + a, lda, base + b, ldb, accumulate ? 1 : 0, base + c, ldc);
  };

  /** @throws Error when the library cannot be loaded or has no cblas_sgemm. */
  #open(): Cblas {
    try {
      return this.#load();
    } catch (error) {
      const why = (error as Error).message.replace(/\.$/, "");
      throw new Error(`the BLAS ${this.#path} cannot be used (${why}); set WORLDSIZE_BLAS to auto or off`);
    }
  }

  #load(): Cblas {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    const library = koffi.load(this.#path);
    for (const signature of oneThread) {
      try {
        library.func(signature)(1);
      } catch {
        // another library's
      }
    }
    // The address of a shared memory stays the same when it grows.
    this.#base = Number(koffi.address(this.#memory.bytes()));
    return library.func(
      "void cblas_sgemm(int, int, int, int, int, int, float, uintptr_t, int, uintptr_t, int, float, uintptr_t, int)",
    ) as Cblas;
  }
}
