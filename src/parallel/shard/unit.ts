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
import { rawOf, Storage, sizeOfShape, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { fromSegments } from "./copies.ts";
import { type InFlight, receive } from "./in-flight.ts";
import { ownShape, type Piece, planSegments, rowsOf } from "./segment.ts";
import { UnitGradients } from "./unit-gradients.ts";

/** How a unit is kept. */
export interface UnitOptions {
  /** Whether whole parameters give up their bytes between uses (ZeRO stage 3), or keep them (1 and 2). */
  readonly frees: boolean;
  /** In what parameters are gathered: their own dtype if not given. */
  readonly gathered?: DType;
  /** In what gradients are summed. */
  readonly reduced: DType;
}

/** A parameter, and where its whole and its own rows lie. */
interface Member extends Piece {
  readonly whole: Storage;
}

/** Parameters that are gathered together. */
export class Unit {
  readonly parameters: readonly Parameter[];
  /** Their gradients. */
  readonly gradients: UnitGradients;
  /** Elements of a rank's segment, padding included. */
  readonly length: number;
  readonly #group: ProcessGroup;
  readonly #device: TensorDevice;
  readonly #options: UnitOptions;
  readonly #dtype: DType;
  readonly #members: readonly Member[];
  /** The own rows of all parameters, where whole ones give up their bytes. */
  readonly #own: Storage | undefined;
  #isWhole = false;
  #gathering: InFlight | undefined;
  /** Versions of the whole parameters when they were last gathered. */
  #versions: readonly number[] | undefined;

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
    this.gradients = new UnitGradients(parameters, group, options.reduced);
    const { pieces, length } = planSegments(parameters, group.size);
    this.length = length;
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

  /** Starts to gather, unless that is in flight, or not needed. */
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
    const gathering = this.#gathering;
    if (!gathering) return;
    this.#gathering = undefined;
    receive(this.#device, gathering);
    const { target } = gathering;
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
