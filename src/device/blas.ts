/**
 * A native BLAS as one more way to carry out the kernel `gemm`: the same arguments, on the
 * same memory, in the calling thread. Which library, and from which size on, is measured by
 * whoever opens it; small products stay with our own kernel, whose call costs less.
 */
export interface Blas {
  /** Library and core, to be shown and written down: another choice rounds differently. */
  readonly name: string;
  /** Multiply-adds (m × n × k) from which it is used. */
  readonly from: number;
  /** Whether rows or columns of a product, computed apart, have the same bits as in the whole: a team may share it then. */
  readonly splits: boolean;
  readonly sgemm: Sgemm;
}

/** C = op(A) op(B), or C += if `accumulate`: row-major, leading dimensions in elements, byte addresses in the job's memory. */
export type Sgemm = (
  transA: boolean,
  transB: boolean,
  m: number,
  n: number,
  k: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  c: number,
  ldc: number,
  accumulate: boolean,
) => void;

/**
 * Carries out a `gemm` command if that is worth while and its operands are laid out as BLAS wants them.
 * @param args as the kernel takes them. @returns whether it did.
 */
export function gemmByBlas(blas: Blas, args: readonly number[]): boolean {
  if (!suitsBlas(blas, args)) return false;
  const [a, b, c, m, n, k, ars, acs, brs, bcs, ldc, accumulate] = args;
  const left = layout(m, k, ars, acs);
  const right = layout(k, n, brs, bcs);
  if (!left || !right || ldc < n) return false;
  blas.sgemm(left.transposed, right.transposed, m, n, k, a, left.leading, b, right.leading, c, ldc, accumulate !== 0);
  return true;
}

/** Whether a product, or the one that this is a part of, is large enough. */
export function suitsBlas(blas: Blas, [, , , m, n, k, , , , , , , whole = m * n * k]: readonly number[]): boolean {
  return whole > 0 && whole >= blas.from;
}

/** How BLAS would call a matrix with these strides: as it is, as a transposed one, or not at all. */
function layout(rows: number, cols: number, rowStep: number, colStep: number) {
  if ((colStep === 1 || cols === 1) && (rowStep >= cols || rows === 1))
    return { transposed: false, leading: Math.max(rowStep, cols) };
  if ((rowStep === 1 || rows === 1) && (colStep >= rows || cols === 1))
    return { transposed: true, leading: Math.max(colStep, rows) };
  return undefined;
}
