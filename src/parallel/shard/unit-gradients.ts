/**
 * The gradients of a unit's parameters. Backward adds them up whole; then they are summed over the ranks, and every rank
 * keeps the sum of its own rows.
 */
import { tapeOf } from "../../autograd/index.ts";
import type { DType } from "../../device/index.ts";
import type { Parameter } from "../../nn/index.ts";
import { contiguousStrides, functional, sizeOfShape, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { toSegments } from "./copies.ts";
import { type InFlight, receive } from "./in-flight.ts";
import { ownShape, planSegments, type SegmentPlan } from "./segment.ts";

/** A sum on its way: of own rows, and of how many ranks had a gradient of each parameter. */
interface Reducing extends InFlight {
  /** Whether this rank had a gradient of each parameter. */
  readonly used: readonly boolean[];
}

/** Gradients that are whole in backward, and own rows after it. */
export class UnitGradients {
  readonly #device: TensorDevice;
  readonly #group: ProcessGroup;
  readonly #dtype: DType;
  readonly #plan: SegmentPlan;
  #inBackward = false;
  #isWhole = false;
  /** Sums of own rows from earlier backward passes, while gradients are whole. */
  #sums: (Tensor | null)[] = [];
  #reducing: Reducing | undefined;
  /** Gradients of parameters that this rank has not used, until it is known whether another one has. */
  readonly #unused = new Map<Parameter, { readonly gradient: Tensor; readonly flag: Tensor }>();

  /** Of parameters that are not cut yet; those that need no gradient are left alone. @param dtype in which they are summed. */
  constructor(parameters: readonly Parameter[], group: ProcessGroup, dtype: DType) {
    this.#device = parameters[0].device as TensorDevice;
    this.#group = group;
    this.#dtype = dtype;
    const trained = parameters.filter(({ requiresGrad }) => requiresGrad);
    this.#plan = planSegments(trained, group.size);
  }

  /** Parameters that need gradients. */
  get trained(): readonly Parameter[] {
    return this.#plan.pieces.map(({ parameter }) => parameter);
  }

  /** Elements that reducing sends to each rank: own rows, padded, and a number for each parameter. */
  get length(): number {
    return this.#plan.length + this.#plan.pieces.length;
  }

  /** Whether backward is computing its gradients: what is computed again there must not give it up. */
  get inBackward(): boolean {
    return this.#inBackward;
  }

  /** Whether whole gradients wait to be reduced. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Gradients are of whole parameters from now on: what has been summed of own rows is put aside. */
  begin(): void {
    this.#inBackward = true;
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#sums = this.#plan.pieces.map(({ parameter, shape }) => {
      const { grad } = parameter;
      const sum = grad && this.#device.unscoped(() => grad.view());
      tapeOf(this.#device).shapeGrad(parameter, shape);
      return sum;
    });
  }

  /** The last of its gradients is there. */
  end(): void {
    this.#inBackward = false;
  }

  /** Starts the sum of whole gradients over the ranks. Each gets its own rows of it. */
  reduce(): void {
    const device = this.#device;
    const { pieces, length } = this.#plan;
    const { size, rank } = this.#group;
    this.#isWhole = false;
    if (pieces.length === 0) return;
    device.noGrad(() =>
      device.unscoped(() => {
        const used = pieces.map(({ parameter }) => parameter.grad !== null);
        // One number for each parameter goes with each segment: on how many ranks it had a gradient.
        const source = device.empty([size, length + used.length], this.#dtype, "scratch");
        device.scope(() => {
          toSegments(source, pieces, ({ parameter }) => parameter.grad);
          const flags = device.from(used.map(Number), [1, used.length], source.dtype);
          const places = source.slice(1, length, length + used.length);
          for (let to = 0; to < size; to++) functional.place_({ source: flags, target: places.slice(0, to, to + 1) });
          return undefined;
        });
        for (const piece of pieces) tapeOf(device).shapeGrad(piece.parameter, ownShape(piece, rank));
        const target = device.empty([length + used.length], source.dtype, "gradients");
        this.#reducing = { work: this.#group.reduceScatter(target, source), target, source, used };
      }),
    );
  }

  /** Own rows have their gradients from now on: the stream waits for their sum. */
  settle(): void {
    const reducing = this.#reducing;
    if (!reducing) return;
    this.#reducing = undefined;
    const { target, used } = reducing;
    const device = this.#device;
    receive(device, reducing);
    const { pieces, length } = this.#plan;
    device.noGrad(() =>
      device.unscoped(() => {
        using wide = device.withTag("gradients", () => target.to("f32"));
        target.dispose();
        for (const [i, piece] of pieces.entries()) {
          const shape = ownShape(piece, this.#group.rank);
          using rows = wide.slice(0, piece.from, piece.from + sizeOfShape(shape));
          const gradient = rows.reshape(shape);
          const sum = this.#sums[i];
          if (sum) {
            piece.parameter.grad = sum.add_(gradient);
            gradient.dispose();
          } else if (used[i]) piece.parameter.grad = gradient;
          else this.#unused.set(piece.parameter, { gradient, flag: wide.slice(0, length + i, length + i + 1) });
        }
        this.#sums = [];
      }),
    );
  }

  /** Gradients that only other ranks have computed: the host waits to learn which. What nobody has used has none. */
  async settleUnused(): Promise<void> {
    for (const [parameter, { gradient, flag }] of this.#unused) {
      if (parameter.grad === null && (await flag.item()) > 0) parameter.grad = gradient;
      else gradient.dispose();
      flag.dispose();
    }
    this.#unused.clear();
  }

  /** The own gradients of all parameters, which lie together, to be summed over replicas; undefined if there are none. */
  own(): Tensor | undefined {
    const [unused] = this.#unused.values();
    const gradient = this.trained.find(({ grad }) => grad)?.grad ?? unused?.gradient;
    if (!gradient) return undefined;
    const shape = [this.length];
    return this.#device.view(gradient.storage.retain(), "f32", shape, contiguousStrides(shape), 0);
  }
}
