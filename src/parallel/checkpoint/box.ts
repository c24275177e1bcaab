/**
 * Boxes of a whole tensor: what ranks have of it, and what files hold. Two layouts of the same tensor are two lists of
 * boxes, and going from one to the other is copying their overlaps (as torch's distributed checkpoints do). No padding
 * is ever in a box, so none is saved.
 */
import { contiguousStrides, type Shape, sizeOfShape } from "../../tensor/index.ts";

/** A part of a whole: where it begins along each axis, and how long it is. */
export interface Box {
  readonly from: readonly number[];
  readonly shape: Shape;
}

/** Elements that lie next to each other in two boxes, counted in each from its own first one. */
export interface Run {
  readonly source: number;
  readonly target: number;
  readonly length: number;
}

/** Such as [4, 0] + [2, 3]: where it begins, and how long it is. */
export function boxText({ from, shape }: Box): string {
  return `[${from.join(", ")}] + [${shape.join(", ")}]`;
}

/** What two boxes of the same whole have in common; undefined for nothing. */
export function overlapOf(a: Box, b: Box): Box | undefined {
  const from = a.from.map((start, axis) => Math.max(start, b.from[axis]));
  const shape = from.map((start, axis) => Math.min(endOf(a, axis), endOf(b, axis)) - start);
  return shape.every((size) => size > 0) ? { from, shape } : undefined;
}

/**
 * The elements that two boxes share, as runs in both: what is read at once. In the order of the source and of the target,
 * which is the same.
 */
export function* runsOf(source: Box, target: Box): Generator<Run> {
  const shared = overlapOf(source, target);
  if (!shared) return;
  const { from, shape } = shared;
  const [sourceStrides, targetStrides] = [contiguousStrides(source.shape), contiguousStrides(target.shape)];
  const startIn = ({ from: begin }: Box, strides: readonly number[]): number =>
    from.reduce((sum, start, axis) => sum + (start - begin[axis]) * strides[axis], 0);
  // Behind the first axis of a run, both boxes are as long as what they share.
  let first = Math.max(0, shape.length - 1);
  while (first > 0 && shape[first] === source.shape[first] && shape[first] === target.shape[first]) first--;
  const length = sizeOfShape(shape.slice(first));
  const outer = shape.slice(0, first);
  const [sourceStart, targetStart] = [startIn(source, sourceStrides), startIn(target, targetStrides)];
  const place = outer.map(() => 0);
  for (;;) {
    yield {
      source: place.reduce((sum, index, axis) => sum + index * sourceStrides[axis], sourceStart),
      target: place.reduce((sum, index, axis) => sum + index * targetStrides[axis], targetStart),
      length,
    };
    let axis = first - 1;
    while (axis >= 0 && ++place[axis] === outer[axis]) place[axis--] = 0;
    if (axis < 0) return;
  }
}

/** What keeps a box from lying in a whole; undefined for nothing. */
export function problemOf({ from, shape }: Box, whole: Shape): string | undefined {
  if (from.length !== whole.length || shape.length !== whole.length)
    return `has ${from.length} and ${shape.length} axes, and the whole [${whole.join(", ")}] has ${whole.length}`;
  const axis = whole.findIndex((size, i) => from[i] < 0 || from[i] + shape[i] > size);
  if (axis < 0) return undefined;
  return `reaches from ${from[axis]} to ${from[axis] + shape[axis]} along axis ${axis}, which has ${whole[axis]}`;
}

/**
 * What keeps boxes from being the whole, each of its elements once; undefined for nothing. All have to lie in it.
 * Boxes are compared with those only that begin before their end along the first axis.
 */
export function coverProblem(boxes: readonly Box[], whole: Shape): string | undefined {
  const sorted = boxes.toSorted((a, b) => (a.from[0] ?? 0) - (b.from[0] ?? 0));
  for (const [i, box] of sorted.entries()) {
    for (let j = i + 1; j < sorted.length && (sorted[j].from[0] ?? 0) < (box.from.length ? endOf(box, 0) : 1); j++) {
      const both = overlapOf(box, sorted[j]);
      if (both) return `boxes ${boxText(box)} and ${boxText(sorted[j])} share ${sizeOfShape(both.shape)} elements`;
    }
  }
  const covered = boxes.reduce((sum, { shape }) => sum + sizeOfShape(shape), 0);
  const all = sizeOfShape(whole);
  return covered === all ? undefined : `its boxes have ${covered} of the ${all} elements`;
}

function endOf({ from, shape }: Box, axis: number): number {
  return from[axis] + shape[axis];
}
