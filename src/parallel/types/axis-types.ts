/**
 * Types of tensors along the axes of a mesh, checked while a program runs: what was forgotten (a sum that was not taken,
 * a gradient that will lack one) is an error on the line where it happens, on one rank as on many, instead of a wrong
 * number somewhere later. It is for debugging: told of every operation while it is on, and of none otherwise.
 */
import { type CustomOperation, tapeOf } from "../../autograd/index.ts";
import type { ParameterTree } from "../../nn/index.ts";
import { Tensor, type TensorDevice } from "../../tensor/index.ts";
import { captureSite, formatSite } from "../../trace/site.ts";
import type { Mesh } from "../mesh.ts";
import { type Known, operandsOf, typeAfter } from "./axis-rules.ts";
import { type AxisType, ChangeNote } from "./change.ts";

/** Types by axis. */
export type AxisTypesOf = Readonly<Record<string, AxisType>>;

/** Operations whose first argument says what they do. */
const families: readonly string[] = ["unary", "binary", "compare", "reduce"];

/** Frames of the stack that are searched for the program's line. */
const DEEP = 200;

/**
 * ```ts
 * const types = new AxisTypes(device, mesh);
 * types.setParameters(model);
 * types.set(x, { tp: "identical", dp: "varying" });
 * const loss = types.check(() => lossOf(model.call(x)));
 * ```
 * A tensor without a type takes no part, until it is added to a partial one.
 */
export class AxisTypes {
  readonly #device: TensorDevice;
  readonly #mesh: Mesh;
  readonly #types = new WeakMap<Tensor, ReadonlyMap<string, Known>>();

  constructor(device: TensorDevice, mesh: Mesh) {
    this.#device = device;
    this.#mesh = mesh;
  }

  /** Says what a tensor is along some axes. @returns the tensor. @throws RangeError for an axis that the mesh has not. */
  set(x: Tensor, types: AxisTypesOf): Tensor {
    for (const axis of Object.keys(types)) this.#mesh.size(axis);
    this.#types.set(x, new Map([...(this.#types.get(x) ?? []), ...Object.entries(types)]));
    return x;
  }

  /**
   * Takes the types of parameters from what they say of themselves: varying along axes that cut them, replicated along
   * those over which their gradient is still to be summed, and identical along all others.
   */
  setParameters(model: ParameterTree): void {
    for (const parameter of model.parameters()) {
      const { axes, partial } = parameter.part;
      const typeOf = (axis: string): AxisType =>
        axes.includes(axis) ? "varying" : partial.includes(axis) ? "replicated" : "identical";
      this.set(parameter, Object.fromEntries(this.#mesh.axes.map((axis) => [axis, typeOf(axis)])));
    }
  }

  /** What is known of a tensor, by axis. */
  get(x: Tensor): AxisTypesOf {
    const known = [...(this.#types.get(x) ?? [])];
    return Object.fromEntries(
      known.flatMap(([axis, type]) => (type ? [[axis, type === "shifted" ? "varying" : type]] : [])),
    );
  }

  /**
   * Runs a synchronous function, and follows types through its operations. Backward passes in it are not looked at: their
   * types follow from these.
   * @throws TypeError at the first operation whose types do not fit, naming it, the axis and the program's line.
   */
  check<R>(body: () => R): R {
    return tapeOf(this.#device).observe((operation, args, result) => this.#follow(operation, args, result), body);
  }

  #follow(operation: string, args: object, result: unknown): void {
    const { note, name } = args as Partial<CustomOperation>;
    const isCustom = operation === "custom";
    const call = (isCustom && name) || (families.includes(operation) ? String((args as unknown[])[0]) : operation);
    // A change says where it leads; another operation of one's own has only its inputs.
    const operands = isCustom ? [...(args as CustomOperation).inputs] : args;
    const changed = isCustom && note instanceof ChangeNote ? note : undefined;
    const found = new Map<string, Known>();
    for (const axis of this.#mesh.axes) {
      const known = (x: Tensor | number | undefined): Known =>
        x instanceof Tensor ? this.#types.get(x)?.get(axis) : undefined;
      try {
        const type =
          changed && this.#mesh.axesOf(changed.group).includes(axis)
            ? after(changed, known((operands as Tensor[])[0]))
            : changed
              ? known((operands as Tensor[])[0])
              : typeAfter(operation, operands, known, this.#mesh.size(axis));
        if (type) found.set(axis, type);
      } catch (error) {
        throw explained(error, `${call} along ${axis} of ${wordOf(this.#mesh.size(axis))}`);
      }
    }
    if (found.size === 0) return;
    // An operation in place gives its own operand.
    const isTensor = result instanceof Tensor;
    for (const each of isTensor ? [result] : operandsOf(result as object)) this.#types.set(each, found);
  }
}

/** The type that a change leads to. @throws TypeError for one that it does not begin at. */
function after({ from, to }: ChangeNote, was: Known): AxisType {
  const isDeclared = from === "varying" && to === "partial";
  if (isDeclared && was === "shifted") {
    throw new TypeError(
      "what it calls a term of a sum has something added that is none, such as a bias: the sum would have it once for each rank. " +
        "Add it after the sum was taken.",
    );
  }
  const type = was === "shifted" ? "varying" : was;
  if (type === undefined || type === from) return to;
  const hint =
    from === "partial" && type === "varying" ? " If each rank has a term of a sum, say so: asPartial(x, group)." : "";
  throw new TypeError(`it says that the tensor is ${from}, but it is ${type}.${hint}`);
}

/** The error with the operation before it, and the program's line behind it. */
function explained(error: unknown, where: string): unknown {
  if (!(error instanceof TypeError)) return error;
  const line = formatSite(captureSite(DEEP));
  return new TypeError(`${where}: ${error.message}${line && ` (${line})`}`);
}

function wordOf(ranks: number): string {
  return `${ranks} rank${ranks === 1 ? "" : "s"}`;
}
