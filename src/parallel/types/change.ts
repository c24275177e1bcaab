/**
 * Types of a tensor along an axis of a mesh, and the collectives that lead from one to the other, through which gradients
 * flow. The table is the whole backward story of parallelism: each change is carried back by the change beside it.
 *
 * Along an axis, a tensor is on its ranks
 *   replicated  the same values, which each rank uses for a computation of its own; its gradient is partial,
 *   identical   the same values of one computation that all carry out; its gradient is identical,
 *   varying     values of its own on each rank; its gradient is varying,
 *   partial     terms of a sum that is still to be taken; its gradient is replicated.
 * The types follow spmd_types (Meta, 2025). Megatron's f is identical → replicated, its g partial → identical.
 */
import { customOperation, tapeOf } from "../../autograd/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { allGather, allReduce, allToAll, keep, type Move, pad, reduceScatter, slice } from "./moves.ts";

/** What a tensor is along an axis of a mesh. */
export type AxisType = "replicated" | "identical" | "varying" | "partial";

/** What a change says of itself to those who watch the tape. */
export class ChangeNote {
  readonly group: ProcessGroup;
  readonly from: AxisType;
  readonly to: AxisType;

  constructor(group: ProcessGroup, from: AxisType, to: AxisType) {
    this.group = group;
    this.from = from;
    this.to = to;
  }
}

/** What a change does to the tensor, and to its gradient on the way back. */
export interface Change {
  readonly forward: Move;
  readonly backward: Move;
}

/** All changes, as "from → to". */
export const changes: Readonly<Record<string, Change>> = {
  "identical → replicated": { forward: keep, backward: allReduce },
  "partial → replicated": { forward: allReduce, backward: allReduce },
  "partial → identical": { forward: allReduce, backward: keep },
  "varying → replicated": { forward: allGather, backward: reduceScatter },
  "varying → identical": { forward: allGather, backward: slice },
  "partial → varying": { forward: reduceScatter, backward: allGather },
  "replicated → varying": { forward: slice, backward: pad },
  "identical → varying": { forward: slice, backward: allGather },
  "varying → varying": { forward: allToAll, backward: allToAll },
};

/**
 * Makes a tensor of another type along an axis of a mesh, on all ranks of its group.
 * @param x what a slice is taken of, or slices are joined to, has them along `axis`, the first if nothing is said.
 * @returns a new tensor, through which gradients flow as the types say.
 * @throws RangeError for a change that does not exist, and for an axis that the group's size does not divide.
 */
export function changeType(
  x: Tensor,
  group: ProcessGroup,
  from: AxisType,
  to: AxisType,
  options: { readonly axis?: number } = {},
): Tensor {
  const name = `${from} → ${to}`;
  const change = changes[name];
  if (!change) throw new RangeError(`There is no way ${name}. There are: ${Object.keys(changes).join(", ")}.`);
  const { axis: given = 0 } = options;
  const axis = given < 0 ? given + x.shape.length : given;
  const { forward, backward } = change;
  const { device } = x;
  return customOperation({
    name,
    inputs: [x],
    note: new ChangeNote(group, from, to),
    forward: () => forward(x, group, axis),
    backward: ({ dy }) => [backward(dy, group, axis, () => tapeOf(device).meanwhile())],
  });
}

/**
 * Says that what varies along an axis is a term of a sum: a product over an inner axis that is cut gives one on each rank.
 * Nothing travels, and nothing happens to the gradient, which is the same on all ranks from here on.
 */
export function asPartial(x: Tensor, group: ProcessGroup): Tensor {
  return customOperation({
    name: "asPartial",
    inputs: [x],
    note: new ChangeNote(group, "varying", "partial"),
    forward: () => x.view(),
    backward: ({ dy }) => [dy],
  });
}
