/**
 * What travels when a tensor is laid out anew along one axis of a mesh: the plain moves, without gradients. Each gives a new
 * tensor, and lets the stream wait for what it has issued, so that what is launched afterwards finds it whole.
 */
import { functional, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup, Work } from "../../world/index.ts";

/**
 * A move of a tensor among the ranks of a group. @param axis of the tensor, from 0.
 * @param meanwhile launches what does not need the result, while it is on its way.
 */
export type Move = (x: Tensor, group: ProcessGroup, axis: number, meanwhile?: () => void) => Tensor;

/** Nothing travels. */
export const keep: Move = (x) => x.view();

/** The sum of all ranks' tensors, on all of them. */
export const allReduce: Move = (x, group, _axis, meanwhile) => {
  const sum = x.contiguous().clone();
  waitFor(group.allReduce(sum), meanwhile);
  return sum;
};

/** All ranks' tensors, one after the other along the axis. @throws what allGather throws where their shapes differ. */
export const allGather: Move = (x, group, axis, meanwhile) => {
  const { size } = group;
  const own = x.contiguous();
  const all = deviceOf(x).empty([size, ...x.shape], x.dtype);
  waitFor(group.allGather(all, own), meanwhile);
  const shape = x.shape.map((length, i) => (i === axis ? size * length : length));
  return toAxis(all, axis).reshape(shape);
};

/** The sum of all ranks' tensors, of which each rank gets its slice along the axis. @throws RangeError for an axis that does not divide. */
export const reduceScatter: Move = (x, group, axis, meanwhile) => {
  const parts = fromAxis(x, group.size, axis).contiguous();
  const own = deviceOf(x).empty(parts.shape.slice(1), x.dtype);
  waitFor(group.reduceScatter(own, parts), meanwhile);
  return own;
};

/** This rank's slice along the axis. @throws RangeError for an axis that does not divide. */
export const slice: Move = (x, group, axis) => {
  const length = lengthOf(x, group.size, axis);
  return x
    .slice(axis, group.rank * length, (group.rank + 1) * length)
    .contiguous()
    .clone();
};

/** Zeros, with this rank's tensor where its slice is. */
export const pad: Move = (x, group, axis) => {
  const { size, rank } = group;
  const length = x.shape[axis];
  const whole = deviceOf(x).zeros(
    x.shape.map((each, i) => (i === axis ? size * each : each)),
    x.dtype,
  );
  functional.place_({ source: x.contiguous(), target: whole.slice(axis, rank * length, (rank + 1) * length) });
  return whole;
};

/** @returns slice j of rank i's tensor as slice i on rank j: a transposition of ranks and slices, which is its own reverse. */
export const allToAll: Move = (x, group, axis, meanwhile) => {
  const parts = fromAxis(x, group.size, axis).contiguous();
  const received = deviceOf(x).empty(parts.shape, x.dtype);
  waitFor(group.allToAll(received, parts), meanwhile);
  return toAxis(received, axis).reshape(x.shape);
};

/** The stream waits for an operation, after what can be done in the meantime. */
function waitFor(work: Work<unknown>, meanwhile?: () => void): void {
  try {
    meanwhile?.();
  } finally {
    work.wait();
  }
}

/** [parts, ...shape] with the parts' number moved beside an axis of theirs: [..., parts, length, ...]. */
function toAxis(parts: Tensor, axis: number): Tensor {
  if (axis === 0) return parts;
  const order = parts.shape.map((_, i) => i);
  order.splice(axis, 0, ...order.splice(0, 1));
  return parts.permute(order).contiguous();
}

/** A tensor cut into parts along an axis: [parts, ..., length / parts, ...]. */
function fromAxis(x: Tensor, parts: number, axis: number): Tensor {
  const length = lengthOf(x, parts, axis);
  const { shape } = x;
  const cut = x.reshape([...shape.slice(0, axis), parts, length, ...shape.slice(axis + 1)]);
  if (axis === 0) return cut;
  const order = cut.shape.map((_, i) => i);
  order.unshift(...order.splice(axis, 1));
  return cut.permute(order);
}

/** Length of a part. @throws RangeError when the axis does not divide. */
function lengthOf(x: Tensor, parts: number, axis: number): number {
  const length = x.shape[axis];
  if (length !== undefined && length % parts === 0) return length / parts;
  throw new RangeError(
    `Axis ${axis} of ${x} cannot be cut for ${parts} ranks: ${length ?? "it is not there"} is no multiple of ${parts}.`,
  );
}

function deviceOf(x: Tensor): TensorDevice {
  return x.device as TensorDevice;
}
