/** Between whole parameters, row after row, and the segments in which they travel, rank after rank. */
import { functional, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { Piece } from "./segment.ts";

/** A run of neighbouring ranks whose segments have equally many rows of a parameter. */
interface Run {
  readonly rank: number;
  readonly ranks: number;
  readonly row: number;
  readonly rows: number;
}

/** Ranks with all the rows that they have room for, and the one that has fewer. */
function runsOf({ shape, rows }: Piece): Run[] {
  const all = shape[0] ?? 1;
  if (rows === 0) return [];
  const full = Math.floor(all / rows);
  const runs = [
    { rank: 0, ranks: full, row: 0, rows },
    { rank: full, ranks: 1, row: full * rows, rows: all - full * rows },
  ];
  return runs.filter((run) => run.ranks > 0 && run.rows > 0);
}

/** The rows of a run: in the whole, and in the segments [ranks, length]. */
function viewsOf(piece: Piece, run: Run, whole: Tensor, segments: Tensor): { rows: Tensor; part: Tensor } {
  const { columns, from } = piece;
  const length = run.rows * columns;
  const rows = whole.reshape([-1]).slice(0, run.row * columns, run.row * columns + run.ranks * length);
  const part = segments.slice(0, run.rank, run.rank + run.ranks).slice(1, from, from + length);
  return { rows: rows.reshape([run.ranks, length]), part };
}

/** Writes whole parameters from gathered segments, in the parameters' dtype. @param whole the tensor of a piece. */
export function fromSegments(
  segments: Tensor,
  pieces: readonly Piece[],
  whole: (piece: Piece, index: number) => Tensor,
): void {
  inScope(segments, () => {
    for (const [i, piece] of pieces.entries()) {
      if (piece.columns === 0) continue;
      const target = whole(piece, i);
      for (const run of runsOf(piece)) {
        const { rows, part } = viewsOf(piece, run, target, segments);
        rows.copy_(part);
      }
    }
  });
}

/** Writes whole gradients into segments, with zeros where a gradient is missing, and in the padding. */
export function toSegments(
  segments: Tensor,
  pieces: readonly Piece[],
  whole: (piece: Piece, index: number) => Tensor | null,
): void {
  inScope(segments, () => {
    const [ranks] = segments.shape;
    const gradients = pieces.map(whole);
    const padded = pieces.some(({ shape, rows }, i) => gradients[i] === null || (shape[0] ?? 1) !== rows * ranks);
    if (padded) segments.fill_(0);
    for (const [i, piece] of pieces.entries()) {
      const source = gradients[i]?.to(segments.dtype).contiguous();
      if (!source || piece.columns === 0) continue;
      for (const run of runsOf(piece)) {
        const { rows, part } = viewsOf(piece, run, source, segments);
        functional.place_({ source: rows, target: part });
      }
    }
  });
}

function inScope(tensor: Tensor, body: () => void): void {
  const device = tensor.device as TensorDevice;
  device.noGrad(() =>
    device.scope(() => {
      body();
      return undefined;
    }),
  );
}
