/**
 * Checks of one tensor that an operation is called with: that it is one, alive, of this rank's device, and
 * one run of elements inside its buffer. Every operation comes by here, so what is right costs a few comparisons.
 */
import { Buffer, type Device, dtypes, sizeOf, unknownDType } from "../../device/index.ts";
import { isPromise, kindOf, shown } from "../../platform/words.ts";
import { formatData, type GroupInfo } from "../core/operation.ts";
import type { Contiguous } from "../core/span.ts";

/** A group as the checks see it. */
interface Group {
  readonly name: string;
  readonly rank: number;
  readonly size: number;
}

/** The part of `Checks` that looks at one tensor. Its errors name the rank and the call. */
export abstract class TensorChecks {
  protected readonly group: Group;
  readonly #worldRank: number;
  readonly #device: Device | undefined;

  /** @param device whose tensors the calls take; any device's if not given. */
  constructor({ name, ranks }: GroupInfo, worldRank: number, device: Device | undefined) {
    this.group = { name, rank: ranks.indexOf(worldRank), size: ranks.length };
    this.#worldRank = worldRank;
    this.#device = device;
  }

  /** @throws TypeError unless this is a tensor; RangeError unless it is one run of elements inside its buffer. */
  tensor(call: string, tensor: Contiguous): void {
    let buffer: Buffer;
    try {
      buffer = tensor?.buffer;
    } catch (error) {
      // A storage that was resized to nothing says so, but not who used it.
      throw this.rangeError(call, `${formatData(tensor)}. ${(error as Error).message}`);
    }
    if (!(buffer instanceof Buffer)) throw this.#noTensor(call, tensor);
    const { size, offset, dtype, shape } = tensor;
    if (!(size === shape?.[0] && shape.length === 1) && size !== countOf(shape)) throw this.#badBounds(call, tensor);
    if (buffer.freed)
      throw this.rangeError(call, `${formatData(tensor)}, which was freed before. Free it after its last use.`);
    if (!tensor.isContiguous) {
      const why = "a view whose elements are not next to each other. Call .contiguous() first.";
      throw this.rangeError(call, `${formatData(tensor)}, ${why}`);
    }
    const item = dtype === "f32" ? 4 : dtypes[dtype]?.bytes;
    const end = offset + size * item;
    if (!(size >= 0 && offset >= 0 && offset % item === 0 && end % item === 0 && end <= buffer.bytes))
      throw this.#badBounds(call, tensor);
    const device = this.#device;
    if (device && buffer.home !== device.stream && !device.owns(buffer)) {
      const what = `${formatData(tensor)}, a tensor of another device than this rank's`;
      throw this.typeError(call, `${what}. Send it, or make one on this rank's device.`);
    }
  }

  #noTensor(call: string, value: unknown): Error {
    const what = kindOf(value);
    if (isPromise(value)) return this.typeError(call, `${what} where a tensor belongs. Await it first.`);
    if (ArrayBuffer.isView(value)) {
      return this.typeError(call, `${what} where a tensor belongs. Make one: device.from(data, shape).`);
    }
    const numbers = Array.isArray(value) && (typeof value[0] === "number" || Array.isArray(value[0]));
    if (numbers) return this.typeError(call, `${what} where a tensor belongs. Make one: device.tensor(values).`);
    const list = Array.isArray(value) && value.length > 0;
    return this.typeError(call, `${what} where a tensor belongs.${list ? " Call it once for each tensor." : ""}`);
  }

  /** Why a tensor is none, or does not lie in its buffer. */
  #badBounds(call: string, { buffer, offset, size, dtype, shape }: Contiguous): Error {
    if (!Object.hasOwn(dtypes, dtype)) return this.typeError(call, `a tensor of ${unknownDType(dtype)}`);
    const data = `${dtype}[${Array.isArray(shape) ? shape : kindOf(shape)}]`;
    if (!Array.isArray(shape) || size !== countOf(shape)) {
      return this.rangeError(call, `${data}, a tensor that says it has ${shown(size)} elements.`);
    }
    const item = sizeOf(dtype);
    if (!Number.isInteger(offset) || offset % item !== 0) {
      return this.rangeError(
        call,
        `${data} at byte ${shown(offset)} of its buffer, which is not a multiple of ${item}.`,
      );
    }
    const reach = `which would touch bytes ${offset} to ${offset + size * item} of a buffer of ${buffer.bytes} bytes`;
    return this.rangeError(call, `${data}, ${reach}.`);
  }

  protected rangeError(call: string, what: string): Error {
    return new RangeError(this.#text(call, what));
  }

  protected typeError(call: string, what: string): Error {
    return new TypeError(this.#text(call, what));
  }

  #text(call: string, what: string): string {
    return `rank ${this.#worldRank} called ${this.group.name}.${call} with ${what}`;
  }
}

/** Elements of a shape; NaN unless it is a list of whole numbers from 0. */
function countOf(shape: readonly number[]): number {
  if (!Array.isArray(shape)) return Number.NaN;
  let count = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    if (!(shape[axis] >= 0)) return Number.NaN;
    count *= shape[axis];
  }
  return Number.isInteger(count) ? count : Number.NaN;
}
