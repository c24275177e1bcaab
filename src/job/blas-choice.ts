/** A choice of BLAS, and how it is written down. */

/** What a rank needs to open a BLAS. */
export interface BlasChoice {
  readonly path: string;
  /** OPENBLAS_CORETYPE, if the library has to be told. */
  readonly core?: string;
  /** Multiply-adds from which it is used. */
  readonly from: number;
  /** Whether parts of a product have the bits of the whole, so that helpers may share it. */
  readonly splits: boolean;
}

/** What was found out about this machine's BLAS. */
export interface BlasReport {
  readonly choice?: BlasChoice;
  /** Why there is none. */
  readonly reason?: string;
  /** One thread's speed, beside that of our own kernel, of the best candidate. */
  readonly gflops?: number;
  readonly ownGflops?: number;
}

/** As WORLDSIZE_BLAS can pin it: `path#core#from`, and `#splits` where helpers may share a product. */
export function formatChoice({ path, core = "", from, splits }: BlasChoice): string {
  return `${path}#${core}#${from}${splits ? "#splits" : ""}`;
}

/** @throws RangeError for text that is no choice. */
export function parseChoice(text: string): BlasChoice {
  const [path, core, from, splits] = text.split("#");
  if (!/^(\/|[A-Za-z]:[\\/])/.test(path) || !(Number(from) >= 0) || (splits ?? "splits") !== "splits") {
    throw new RangeError(`WORLDSIZE_BLAS is "${text}"; write off, auto, or what verify shows: path#core#from.`);
  }
  return { path, core: core || undefined, from: Number(from), splits: splits !== undefined };
}

/** `libopenblas.so.0 as Haswell` */
export function blasName({ path, core }: BlasChoice): string {
  const file = path.split(path.startsWith("/") ? "/" : /[\\/]/).at(-1);
  return `${file}${core ? ` as ${core}` : ""}`;
}
