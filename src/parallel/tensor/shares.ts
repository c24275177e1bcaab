/**
 * Shares of an axis: which run of a length each rank of a group has. Shares are as long as the quotient rounded up, so that
 * the last ones may be shorter, or empty (5 words on 4 ranks: 2, 2, 1, 0), as torch.chunk's are. And parameters that are cut.
 */
import { tapeOf } from "../../autograd/index.ts";
import type { Parameter } from "../../nn/index.ts";
import { rawOf, type Shape, Storage, sizeOfShape, type TensorDevice } from "../../tensor/index.ts";

/** A run along an axis. */
export interface Share {
  readonly from: number;
  readonly length: number;
}

/** The run that a rank has of a length, where the first ranks have the quotient rounded up. */
export function shareOf(length: number, ranks: number, rank: number): Share {
  const each = Math.ceil(length / ranks);
  const from = Math.min(length, rank * each);
  return { from, length: Math.min(length, from + each) - from };
}

/** How a parameter is cut: the share of one of its axes, and how many ranks have this very share. */
export interface Cut {
  readonly parameter: Parameter;
  /** Of the parameter, from 0. */
  readonly along: number;
  readonly share: Share;
  readonly copies: number;
}

/**
 * Gives a parameter the bytes of its share alone; it stays the same Parameter. One without bytes (`meta`) gets none, so
 * that the whole is never there. Its gradient is given up. @param axis of the mesh.
 */
export function cutParameter({ parameter, along, share, copies }: Cut, axis: string): void {
  const device = parameter.device as TensorDevice;
  const shape: Shape = parameter.shape.map((length, i) => (i === along ? share.length : length));
  const { part } = parameter;
  const from = part.from.map((begin, i) => (i === along ? begin + share.from : begin));
  if (parameter.isMeta && sizeOfShape(shape) > 0) {
    parameter.lieIn(new Storage(rawOf(device), undefined, "parameters"), shape);
  } else {
    const own = device.unscoped(() => device.empty(shape, parameter.dtype, "parameters"));
    if (own.size > 0) {
      device.noGrad(() => device.scope(() => own.copy_(parameter.slice(along, share.from, share.from + share.length))));
    }
    parameter.lieIn(own.storage.retain(), shape);
    own.dispose();
  }
  tapeOf(device).shapeGrad(parameter, shape);
  parameter.describe({ from, axes: [...part.axes, axis], copies: part.copies * copies });
}
