/**
 * Says whether gradients of a layout are right: each number must lie within k · 2⁻²⁴ · magnitude of its float64 twin's.
 *
 * k was measured: f32 decoders of five forms (Llama, tied and not, Qwen2, Qwen3, GPT-2) on one device against the twin, 20
 * seeds each with weights of standard deviation 0.02, 0.1 and 0.3, 128 tokens in 4 sequences; then fewer seeds with up to
 * 1000 tokens, 6 layers and 500 words. The number that lay farthest from its twin was 7.4 magnitudes away, in a tied
 * embedding; in most parameters it was below 3. 16 is about twice that. Most mistakes in a layout are at 10² to 10⁶ times
 * the bound (`test/parallel/judge.test.ts`).
 */
import type { Part } from "../../nn/index.ts";
import { type Shape, sizeOfShape } from "../../tensor/index.ts";
import type { TwinNumbers } from "./decoder.ts";

/** How many magnitudes' worth of rounding a right gradient may differ by. */
export const ROUNDINGS = 16;

/** What the judge found. */
export interface Verdict {
  /** Of the parameter. */
  readonly name: string;
  /** The largest |g - g64|. */
  readonly difference: number;
  /** The bound of the number that differs most. */
  readonly bound: number;
  /** The largest of all |g - g64| / bound, each with its own: above 1, the gradient is wrong. */
  readonly ratio: number;
  /** Where that is in the gradient. */
  readonly index: number;
  /** Whether any number lies outside its own bound. */
  readonly exceeded: boolean;
}

/** What may be said of a gradient. */
export interface JudgeOptions {
  /** How many magnitudes' worth of rounding is allowed. */
  readonly k?: number;
  /** Whose gradient it is: a `Parameter` that is a box of a whole one says which. The whole, if not given. */
  readonly parameter?: { readonly shape: Shape; readonly part: Pick<Part, "shape" | "from"> };
}

/**
 * Holds a gradient against its twin's.
 * @param name what messages and the verdict call it.
 * @param gradient in the order of the parameter.
 * @param twin of the whole parameter: `twinGradients(...).gradients[name]`.
 * @throws RangeError for a gradient of another size, or a box that does not lie in the whole.
 */
export function judge(
  name: string,
  gradient: ArrayLike<number>,
  twin: TwinNumbers | undefined,
  options: JudgeOptions = {},
): Verdict {
  const { k = ROUNDINGS, parameter } = options;
  if (!twin) throw new RangeError(`The twin has no gradient of ${name}. Is it of the same form?`);
  const place = parameter ? placesOf(name, twin.value.length, parameter) : undefined;
  const size = place?.length ?? twin.value.length;
  if (gradient.length !== size)
    throw new RangeError(
      `The gradient of ${name} has ${gradient.length} numbers, but its twin has ${size}. Of a part, give its parameter.`,
    );
  let [difference, bound, ratio, index] = [0, 0, 0, 0];
  for (let i = 0; i < size; i++) {
    const at = place?.[i] ?? i;
    const own = k * 2 ** -24 * twin.magnitude[at];
    const apart = Math.abs(gradient[i] - twin.value[at]);
    const distance = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    const share = distance === 0 ? 0 : distance / own;
    if (distance > difference || i === 0) [difference, bound] = [distance, own];
    if (share > ratio) [ratio, index] = [share, i];
  }
  return { name, difference, bound, ratio, index, exceeded: ratio > 1 };
}

/** Where each number of a box lies in the whole. */
function placesOf(name: string, size: number, parameter: NonNullable<JudgeOptions["parameter"]>): Int32Array {
  const { shape: lengths, part } = parameter;
  const { shape, from } = part;
  const fits = shape.every((length, axis) => from[axis] >= 0 && from[axis] + lengths[axis] <= length);
  if (!fits || sizeOfShape(shape) !== size || lengths.length !== shape.length)
    throw new RangeError(`${name} has ${size} numbers: no box [${lengths}] lies at [${from}] of [${shape}].`);
  const places = new Int32Array(sizeOfShape(lengths));
  for (let i = 0; i < places.length; i++) {
    let [rest, step, at] = [i, 1, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (from[axis] + (rest % lengths[axis])) * step;
      rest = Math.floor(rest / lengths[axis]);
      step *= shape[axis];
    }
    places[i] = at;
  }
  return places;
}
