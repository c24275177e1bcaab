/**
 * What an operation makes of its operands' types along one axis of a mesh. Each rule says how the result follows from the
 * operands: as a product of them (linear in each), as a sum, or otherwise; that is all there is to know.
 *
 * The rules follow from what gradients are: an identical tensor has its whole gradient on each rank, so it mixes only with
 * its kind; a partial one has the sum's gradient on each rank, so it may be multiplied only by what all ranks have alike.
 */
import type { dtypes } from "../../device/index.ts";
import { Tensor } from "../../tensor/index.ts";
import type { AxisType } from "./change.ts";

/**
 * A type along an axis; `shifted` is varying, with something added that is no term of a sum, such as a bias that all ranks
 * have. Nothing is known of constants.
 */
export type Known = AxisType | "shifted" | undefined;

/** What a rule is given. @template A arguments of the operation, as it was called. */
interface Call<A> {
  readonly args: A;
  /** The type of an operand; undefined for numbers and for what has none. */
  readonly type: (operand: Tensor | number | undefined) => Known;
  /** A product of operands: linear in each. */
  readonly product: (...operands: readonly Known[]) => Known;
  /** A sum of operands. */
  readonly sum: (...operands: readonly Known[]) => Known;
  /** Anything but linear. */
  readonly curve: (...operands: readonly Known[]) => Known;
}

type Rule = (call: Call<never>) => Known;

function rule<A>(entry: (call: Call<A>) => Known): Rule {
  return entry as unknown as Rule;
}

type Named = Readonly<Record<string, Tensor>>;

/** A list of arguments that begins with the operand: views, and what is linear like them. */
const first = rule<readonly [Tensor]>(({ args: [x], type, product }) => product(type(x)));
/** One argument x, not linear. */
const curved = rule<Named>(({ args: { x }, type, curve }) => curve(type(x)));

const rules: Readonly<Record<string, Rule>> = {
  view: first,
  reshape: first,
  permute: first,
  slice: first,
  select: first,
  unsqueeze: first,
  mean: first,
  softmax: rule<readonly [Tensor]>(({ args: [x], type, curve }) => curve(type(x))),
  argmax: rule<readonly [Tensor]>(({ args: [x], type, curve }) => curve(type(x))),
  unary: rule<readonly [string, Tensor]>(({ args: [op, x], type, product, curve }) =>
    op === "neg" ? product(type(x)) : curve(type(x)),
  ),
  binary: rule<readonly [string, Tensor, Tensor | number]>(({ args: [op, a, b], type, product, sum, curve }) => {
    const [left, right] = [type(a), type(b)];
    if (op === "add" || op === "sub") return sum(left, right);
    if (op === "mul") return product(left, right);
    if (op === "div") return product(left, curve(right));
    return curve(left, right);
  }),
  compare: rule<readonly [string, Tensor, Tensor | number]>(({ args: [, a, b], type, curve }) =>
    curve(type(a), type(b)),
  ),
  cast: rule<readonly [Tensor, keyof typeof dtypes]>(({ args: [x, dtype], type, product, curve }) =>
    dtype === "f32" || dtype === x.dtype ? product(type(x)) : curve(type(x)),
  ),
  convert: first,
  fill: rule(() => undefined),
  reduce: rule<readonly [string, Tensor]>(({ args: [op, x], type, product, curve }) =>
    op === "sum" ? product(type(x)) : curve(type(x)),
  ),
  matmul: rule<readonly [Tensor, Tensor]>(({ args: [a, b], type, product }) => product(type(a), type(b))),
  linear: rule<Named>(({ args: { x, weight, bias }, type, product, sum }) => {
    const y = product(type(x), type(weight));
    return bias ? sum(y, type(bias)) : y;
  }),
  embedding: rule<Named>(({ args: { table, index }, type, product, curve }) =>
    product(type(table), curve(type(index))),
  ),
  rope: rule<Named>(({ args: { x, position }, type, product, curve }) => product(type(x), curve(type(position)))),
  dropout: rule<Named>(({ args: { x }, type, product }) => product(type(x))),
  scaleBy: rule<Named>(({ args: { x, factor }, type, product }) => product(type(x), type(factor))),
  place_: rule<Named>(({ args: { source, target }, type, sum }) =>
    type(target) ? sum(type(source), type(target)) : type(source),
  ),
  swiglu: rule<Named>(({ args: { gate, up }, type, product, curve }) => product(curve(type(gate)), type(up))),
  gelu: curved,
  silu: curved,
  rmsNorm: rule<Named>(({ args: { x, weight }, type, product, curve }) => product(curve(type(x)), type(weight))),
  layerNorm: rule<Named>(({ args: { x, weight, bias }, type, product, sum, curve }) =>
    sum(product(curve(type(x)), type(weight)), type(bias)),
  ),
  attention: rule<Named>(({ args: { q, k, v, qStarts }, type, product, curve }) =>
    product(curve(type(q), type(k), type(qStarts)), type(v)),
  ),
  crossEntropy: rule<Named>(({ args: { logits, target }, type, curve }) => curve(type(logits), type(target))),
  weightedCrossEntropy: rule<Named>(({ args: { logits, target, weight }, type, curve }) =>
    curve(type(logits), type(target), type(weight)),
  ),
  route: rule<Named>(({ args: { logits }, type, curve }) => curve(type(logits))),
  ...Object.fromEntries(
    ["sortByExpert", "limitExperts", "sortRuns"].map((name) => [
      name,
      rule<Named>(({ args, type, curve }) =>
        curve(...Object.values(args).map((each) => type(each instanceof Tensor ? each : undefined))),
      ),
    ]),
  ),
  expertLinear: rule<{ x: Tensor; weights: readonly Tensor[]; starts: Tensor }>(
    ({ args: { x, weights, starts }, type, product, curve }) =>
      product(type(x), curve(type(starts)), ...weights.map((weight) => type(weight))),
  ),
};

/** What an operation makes of types along one axis. @throws TypeError that says why it cannot be. */
export function typeAfter(
  operation: string,
  args: object,
  type: (operand: Tensor | number | undefined) => Known,
  ranks: number,
): Known {
  const entry = rules[operation];
  const algebra = algebraOf(ranks);
  if (entry) return entry({ args, type, ...algebra } as never);
  const types = new Set(operandsOf(args).map(type));
  types.delete(undefined);
  if (types.size === 0) return undefined;
  const [only] = types;
  if (types.size === 1 && only !== "partial") return only;
  throw new TypeError(
    `no rule says what it makes of ${[...types].map(word).join(" and ")} tensors. Bring them to one type first, or give it a rule.`,
  );
}

/** All tensors among arguments, also in lists. */
export function operandsOf(args: object): Tensor[] {
  return Object.values(args)
    .flat()
    .filter((each) => each instanceof Tensor);
}

function word(type: Known): string {
  if (type === undefined) return "a constant";
  return type === "shifted" ? "varying" : type;
}

function algebraOf(ranks: number): Pick<Call<never>, "product" | "sum" | "curve"> {
  const mixed = (operands: readonly Known[]): Known => {
    const known = operands.filter((each) => each !== undefined);
    const other = known.find((each) => each !== "identical");
    if (other && known.includes("identical")) {
      throw new TypeError(
        `identical with ${word(other)}. Each rank would use the identical tensor for a computation of its own, and its gradient ` +
          'would lack an all-reduce. Make it replicated first: changeType(x, group, "identical", "replicated").',
      );
    }
    if (known.includes("varying") || known.includes("shifted")) return "varying";
    return known[0];
  };
  return {
    product: (...operands) => {
      if (!operands.includes("partial")) {
        const varying = operands.filter((each) => each === "varying" || each === "shifted");
        const type = mixed(operands);
        return varying.length === 1 ? varying[0] : type;
      }
      const others = operands.toSpliced(operands.indexOf("partial"), 1);
      const wrong = others.find((each) => each !== undefined && each !== "replicated");
      if (wrong === undefined) return "partial";
      const why =
        wrong === "partial"
          ? "A product of sums is not the sum of the products"
          : "Only a replicated factor, which all ranks have alike, can be taken out of a sum";
      throw new TypeError(`partial × ${word(wrong)}. ${why}. ${takeFirst}`);
    },
    sum: (...operands) => {
      const other = operands.find((each) => each !== "partial");
      if (!operands.includes("partial")) {
        const type = mixed(operands);
        const isShifted = operands.some((each) => each !== "varying");
        return type === "varying" && isShifted ? "shifted" : type;
      }
      if (operands.every((each) => each === "partial")) return "partial";
      throw new TypeError(
        `partial + ${word(other)}. A partial tensor is one rank's term of a sum that was not taken. Either the sum was forgotten, or it comes ` +
          `later and would have the other ${ranks === 1 ? "once" : `${ranks} times`}. ${takeFirst}`,
      );
    },
    curve: (...operands) => {
      if (!operands.includes("partial")) return mixed(operands);
      throw new TypeError(
        `it is not linear, and got a partial tensor, one rank's term of a sum: the sum of what it makes of the terms is not what it makes of the sum. ${takeFirst}`,
      );
    },
  };
}

const takeFirst = 'Take the sum first: changeType(x, group, "partial", "identical"), or another change from partial.';
