/**
 * How the parameters of a unit lie in what its ranks share out. Every parameter is cut along its first axis, rows by rows,
 * as torch.chunk cuts: ⌈rows / ranks⌉ each, the last ranks may have fewer, or none. A rank's rows of all parameters lie
 * one after the other in its segment, each padded to ⌈rows / ranks⌉ rows, so all segments are equally long.
 */
import type { Parameter } from "../../nn/index.ts";
import { type Shape, sizeOfShape } from "../../tensor/index.ts";

/** A parameter in the segments of its unit. */
export interface Piece {
  readonly parameter: Parameter;
  /** Of the parameter, before it was cut. */
  readonly shape: Shape;
  /** Elements of a row. */
  readonly columns: number;
  /** Rows that each segment has room for. */
  readonly rows: number;
  /** Where it begins in a segment, in elements. */
  readonly from: number;
}

/** Elements that all pieces take in each segment. */
export interface SegmentPlan {
  readonly pieces: readonly Piece[];
  readonly length: number;
}

/** Lays parameters out over `ranks` segments. */
export function planSegments(parameters: readonly Parameter[], ranks: number): SegmentPlan {
  let from = 0;
  const pieces = parameters.map((parameter) => {
    const shape = parameter.shape.length === 0 ? [1] : parameter.shape;
    const columns = sizeOfShape(shape.slice(1));
    const rows = Math.ceil(shape[0] / ranks);
    const piece = { parameter, shape: parameter.shape, columns, rows, from };
    from += rows * columns;
    return piece;
  });
  return { pieces, length: from };
}

/** Rows of a parameter that a rank has: from … to. */
export function rowsOf({ shape, rows }: Piece, rank: number): { readonly from: number; readonly to: number } {
  const all = shape[0] ?? 1;
  return { from: Math.min(all, rank * rows), to: Math.min(all, (rank + 1) * rows) };
}

/** Shape of what a rank has of a parameter. */
export function ownShape(piece: Piece, rank: number): Shape {
  const { from, to } = rowsOf(piece, rank);
  return [to - from, ...piece.shape.slice(1)];
}
