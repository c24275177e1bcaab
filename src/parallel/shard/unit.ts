/**
 * The parameters that are gathered and given up together, such as those of one block: one wrap, one message.
 *
 * Between its uses a rank has its own rows of each parameter, and the optimizer moves only these. For forward and backward
 * the rows of all ranks are gathered; after backward the gradients are summed, and each rank gets the sum of its own rows.
 * In types along the axis: varying → replicated, all_gather and back reduce_scatter. A Parameter stays the object that it
 * is; where its bytes lie changes.
 */
import { tapeOf } from "../../autograd/index.ts";
import { type DType, sizeOf } from "../../device/index.ts";
import type { Parameter } from "../../nn/index.ts";
import {
  contiguousStrides,
  functional,
  rawOf,
  Storage,
  sizeOfShape,
  type Tensor,
  type TensorDevice,
} from "../../tensor/index.ts";
import type { ProcessGroup, Work } from "../../world/index.ts";
import { fromSegments, toSegments } from "./copies.ts";
import { ownShape, type Piece, planSegments, rowsOf, type SegmentPlan } from "./segment.ts";

/** How a unit is kept. */
export interface UnitOptions {
  /** Whether whole parameters give up their bytes between uses (ZeRO stage 3), or keep them (1 and 2). */
  readonly frees: boolean;
  /** In what parameters are gathered: their own dtype if not given. */
  readonly gathered?: DType;
  /** In what gradients are summed. */
  readonly reduced: DType;
}

/** A message that is on its way, and the memory that it fills. */
interface InFlight {
  readonly work: Work<unknown>;
  readonly target: Tensor;
  /** What it reads, to be given up with it. */
  readonly source?: Tensor;
}

/** A parameter, and where its whole and its own rows lie. */
interface Member extends Piece {
  readonly whole: Storage;
}

/** Parameters that are gathered together. */
export class Unit {
  readonly parameters: readonly Parameter[];
  /** Elements of a rank's segment, padding included. */
  readonly length: number;
  readonly #group: ProcessGroup;
  readonly #device: TensorDevice;
  readonly #options: UnitOptions;
  readonly #dtype: DType;
  readonly #members: readonly Member[];
  /** Those that need gradients, as they lie in the segments of these. */
  readonly #trained: SegmentPlan;
  /** The own rows of all parameters, where whole ones give up their bytes. */
  readonly #own: Storage | undefined;
  #isWhole = false;
  #inBackward = false;
  #gathering: InFlight | undefined;
  #reducing: (InFlight & { readonly used: readonly boolean[] }) | undefined;
  /** Versions of the whole parameters when they were last gathered. */
  #versions: readonly number[] | undefined;
  /** Sums of own rows from earlier backward passes, while gradients are whole. */
  #sums: (Tensor | null)[] = [];
  #hasWholeGradients = false;
  /** Gradients of parameters that this rank has not used, until it is known whether another one has. */
  readonly #unused = new Map<Parameter, { readonly gradient: Tensor; readonly flag: Tensor }>();

  /** Cuts parameters. @throws TypeError when they have several dtypes; OutOfMemoryError. */
  constructor(parameters: readonly Parameter[], group: ProcessGroup, axes: readonly string[], options: UnitOptions) {
    const [first] = parameters;
    const other = parameters.find(({ dtype }) => dtype !== first.dtype);
    if (other)
      throw new TypeError(`Parameters that are gathered together have one dtype, but these are ${first} and ${other}.`);
    this.parameters = parameters;
    this.#group = group;
    this.#device = first.device as TensorDevice;
    this.#options = options;
    this.#dtype = first.dtype;
    const { pieces, length } = planSegments(parameters, group.size);
    this.length = length;
    this.#trained = planSegments(
      parameters.filter(({ requiresGrad }) => requiresGrad),
      group.size,
    );
    const raw = rawOf(this.#device);
    const bytes = length * sizeOf(this.#dtype);
    this.#own = options.frees
      ? new Storage(raw, bytes > 0 ? raw.alloc(bytes, "parameters") : undefined, "parameters")
      : undefined;
    this.#members = pieces.map((piece) => {
      const { parameter } = piece;
      if (parameter.isMeta && !options.frees) parameter.storage.resize(parameter.size * sizeOf(this.#dtype));
      const whole = options.frees ? new Storage(raw, undefined, "parameters") : parameter.storage.retain();
      return { ...piece, whole };
    });
    for (const member of this.#members) this.#cut(member, axes);
    if (!options.frees) this.#versions = this.#wholeVersions();
  }

  /** Whether its parameters are whole now. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether backward is computing its gradients: what is computed again there must not give it up. */
  get inBackward(): boolean {
    return this.#inBackward;
  }

  /** Whether whole gradients wait to be reduced. */
  get hasWholeGradients(): boolean {
    return this.#hasWholeGradients;
  }

  /** Starts to gather, unless it is under way or not needed. */
  prefetch(): void {
    if (this.#isWhole || this.#gathering || this.#isCurrent || this.length === 0) return;
    const device = this.#device;
    device.noGrad(() =>
      device.unscoped(() => {
        const dtype = this.#options.gathered ?? this.#dtype;
        const source = this.#segment(dtype);
        const target = device.empty([this.#group.size, this.length], dtype, "scratch");
        this.#gathering = { work: this.#group.allGather(target, source), target, source };
      }),
    );
  }

  /** Makes the parameters whole: waits, on the stream, for what is gathered. */
  unshard(): void {
    if (this.#isWhole) return;
    this.prefetch();
    const { frees } = this.#options;
    const before = this.#versions;
    for (const { whole, shape } of this.#members) {
      if (frees) whole.resize(sizeOfShape(shape) * sizeOf(this.#dtype));
    }
    for (const { parameter, whole, shape } of this.#members) parameter.lieIn(whole.retain(), shape);
    this.#isWhole = true;
    const { work, target, source } = this.#gathering ?? {};
    if (!work || !target) return;
    this.#gathering = undefined;
    work.wait();
    source?.dispose();
    this.#device.noGrad(() => fromSegments(target, this.#members, ({ parameter }) => parameter));
    target.dispose();
    // What backward has kept of the whole parameters is there again.
    if (frees && before) for (const [i, { whole }] of this.#members.entries()) whole.restored(before[i]);
    this.#versions = this.#wholeVersions();
  }

  /** Gives up what others have, and is its own rows again. */
  reshard(): void {
    if (!this.#isWhole) return;
    this.#isWhole = false;
    for (const member of this.#members) this.#lieOwn(member);
    if (this.#options.frees) for (const { whole } of this.#members) whole.resize(0);
  }

  /** Gradients are of whole parameters from now on: what has been summed of own rows is put aside. */
  beginBackward(): void {
    this.#inBackward = true;
    if (this.#hasWholeGradients) return;
    this.#hasWholeGradients = true;
    this.#sums = this.#trained.pieces.map(({ parameter, shape }) => {
      const { grad } = parameter;
      const sum = grad && this.#device.unscoped(() => grad.view());
      tapeOf(this.#device).shapeGrad(parameter, shape);
      return sum;
    });
  }

  /** The last of its gradients is there. */
  endBackward(): void {
    this.#inBackward = false;
  }

  /** Starts the sum of whole gradients over the ranks. Each gets its own rows of it. */
  reduce(): void {
    const device = this.#device;
    const { pieces, length } = this.#trained;
    const { size, rank } = this.#group;
    this.#hasWholeGradients = false;
    if (pieces.length === 0) return;
    device.noGrad(() =>
      device.unscoped(() => {
        const used = pieces.map(({ parameter }) => parameter.grad !== null);
        // One number for each parameter goes with each segment: on how many ranks it had a gradient.
        const source = device.empty([size, length + used.length], this.#options.reduced, "scratch");
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
    const { work, target, source, used } = reducing;
    work.wait();
    source?.dispose();
    const device = this.#device;
    const { pieces, length } = this.#trained;
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
  ownGradients(): Tensor | undefined {
    const gradient = this.parameters.find(({ grad }) => grad)?.grad;
    if (!gradient) return undefined;
    const shape = [this.#trained.length + this.#trained.pieces.length];
    return this.#device.view(gradient.storage.retain(), "f32", shape, contiguousStrides(shape), 0);
  }

  /** Gives up what it has taken besides the parameters themselves. */
  dispose(): void {
    for (const { whole } of this.#members) whole.release();
    this.#own?.release();
  }

  /** Whether whole parameters are what their owners have. */
  get #isCurrent(): boolean {
    const versions = this.#versions;
    return (
      !this.#options.frees &&
      versions !== undefined &&
      this.#members.every(({ whole }, i) => whole.version === versions[i])
    );
  }

  #wholeVersions(): number[] {
    return this.#members.map(({ whole }) => whole.version);
  }

  /** What this rank sends when all gather: its own rows, in a dtype. */
  #segment(dtype: DType): Tensor {
    const device = this.#device;
    const own = this.#own;
    if (own) {
      const rows = device.view(own.retain(), this.#dtype, [this.length], [1], 0);
      if (dtype === this.#dtype) return rows;
      const narrow = device.withTag("scratch", () => rows.to(dtype));
      rows.dispose();
      return narrow;
    }
    const segment = device.empty([this.length], dtype, "scratch");
    device.scope(() => {
      for (const { parameter, from } of this.#members) {
        segment.slice(0, from, from + parameter.size).copy_(parameter.reshape([-1]));
      }
      return undefined;
    });
    return segment;
  }

  #cut(member: Member, axes: readonly string[]): void {
    const { parameter, from } = member;
    const { rank } = this.#group;
    const device = this.#device;
    const rows = rowsOf(member, rank);
    if (this.#own && !parameter.isMeta) {
      device.noGrad(() =>
        device.scope(() => {
          const own = device.view((this.#own as Storage).retain(), this.#dtype, [this.length], [1], 0);
          const mine = parameter.reshape([-1]).slice(0, rows.from * member.columns, rows.to * member.columns);
          own.slice(0, from, from + mine.size).copy_(mine);
          return undefined;
        }),
      );
    }
    this.#lieOwn(member);
    if (parameter.requiresGrad) tapeOf(device).shapeGrad(parameter, parameter.shape);
    const { part } = parameter;
    const begin = part.from.map((each, axis) => (axis === 0 ? each + rows.from : each));
    parameter.describe({ from: begin, axes: [...part.axes, ...axes] });
  }

  /** The parameter is its own rows. */
  #lieOwn(member: Member): void {
    const { parameter, whole, from, columns } = member;
    const own = this.#own;
    const { rank } = this.#group;
    const start = own ? from : rowsOf(member, rank).from * columns;
    parameter.lieIn((own ?? whole).retain(), ownShape(member, rank), start * sizeOf(this.#dtype));
  }
}
