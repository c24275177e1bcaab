/**
 * Who writes what. Every rank says what it has of each parameter; of those with the same box the first one writes it, so
 * that replicas and copies are written once. Every rank makes the same plan of the same words, and sees the same mistakes.
 */
import type { DType } from "../../device/index.ts";
import { type Shape, sameShape } from "../../tensor/index.ts";
import { type Box, boxText, coverProblem, problemOf } from "./box.ts";

/** What an optimizer keeps for a parameter: tensors of f32, in the same boxes as the parameter. */
export interface StoredState {
  /** Steps that the parameter took. */
  readonly step: number;
  /** Names of the tensors, such as `first`, `second` and `master`. */
  readonly tensors: readonly string[];
}

/** What a rank has of a parameter. */
export interface Holding {
  readonly name: string;
  readonly dtype: DType;
  /** Shape of the whole. */
  readonly whole: Shape;
  /** Null for nothing of it. */
  readonly box: Box | null;
  /** Null before the parameter's first step. */
  readonly state: StoredState | null;
}

/** A box, and the rank that writes it. */
export interface OwnedBox extends Box {
  readonly rank: number;
}

/** A parameter of the whole, and who writes its boxes. */
export interface PlannedParameter {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly state: StoredState | null;
  readonly boxes: readonly OwnedBox[];
}

/**
 * @param ranks what each rank has, in the order of the ranks. One may lack parameters that others have, as the stages of a
 *   pipeline do.
 * @throws RangeError where ranks disagree about a parameter, and for boxes that reach past the whole, overlap, or leave
 *   something out; with the parameter, the ranks and both values.
 */
export function planShards(ranks: readonly (readonly Holding[])[]): PlannedParameter[] {
  const found = new Map<string, { first: Holding; rank: number; boxes: Map<string, OwnedBox> }>();
  for (const [rank, holdings] of ranks.entries()) {
    for (const holding of holdings) {
      const { name, box, whole } = holding;
      let entry = found.get(name);
      if (!entry) found.set(name, (entry = { first: holding, rank, boxes: new Map() }));
      checkAlike(entry.first, entry.rank, holding, rank);
      if (!box) continue;
      const problem = problemOf(box, whole);
      if (problem)
        throw new RangeError(
          `${name}: on rank ${rank}, its part ${problem}. It is gathered now; save and load it between steps, outside of whole().`,
        );
      const key = boxText(box);
      if (!entry.boxes.has(key)) entry.boxes.set(key, { ...box, rank });
    }
  }
  return [...found.values()].map(({ first, boxes }) => {
    const { name, dtype, whole: shape, state } = first;
    const problem = coverProblem([...boxes.values()], shape);
    if (problem) throw new RangeError(`${name} [${shape.join(", ")}]: ${problem}. Ranks have to have all of it, once.`);
    return { name, dtype, shape, state, boxes: [...boxes.values()] };
  });
}

/** Steps that differ would be moments of one step beside those of another. */
function checkAlike(first: Holding, a: number, other: Holding, b: number): void {
  const fail = (what: string, mine: unknown, theirs: unknown): never => {
    throw new RangeError(`${first.name}: ${what} is ${mine} on rank ${a}, and ${theirs} on rank ${b}.`);
  };
  if (first.dtype !== other.dtype) fail("its dtype", first.dtype, other.dtype);
  if (!sameShape(first.whole, other.whole))
    fail("the shape of the whole", `[${first.whole.join(", ")}]`, `[${other.whole.join(", ")}]`);
  const [mine, theirs] = [first.state, other.state];
  if ((mine?.step ?? 0) !== (theirs?.step ?? 0)) fail("its count of steps", mine?.step ?? 0, theirs?.step ?? 0);
  const [kept, keptThere] = [mine?.tensors.join(", ") || "nothing", theirs?.tensors.join(", ") || "nothing"];
  if (kept !== keptThere) fail("what its optimizer keeps", kept, keptThere);
}
