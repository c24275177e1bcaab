/** What the calls of a group take besides single tensors. */
import type { Contiguous } from "../core/span.ts";

/** A tensor cut into equal pieces along its elements, or a list of tensors, one for each rank. */
export type Pieces<T extends Contiguous> = T | readonly T[];

/** One half of a batched exchange. */
export interface PointToPoint<T extends Contiguous> {
  readonly op: "send" | "recv";
  readonly tensor: T;
  readonly peer: number;
  readonly tag?: number;
}

/** No tensors. */
export const none: readonly never[] = [];

/** Pieces as a list. */
export function list<T>(pieces: T | readonly T[] | undefined): readonly T[] {
  if (pieces === undefined) return [];
  return Array.isArray(pieces) ? (pieces as readonly T[]) : [pieces as T];
}
