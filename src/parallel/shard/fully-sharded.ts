/**
 * ZeRO (Rajbhandari et al., 2020) and FSDP (Zhao et al., 2023; per parameter, as PyTorch's second design) in one: every
 * rank keeps the moments of its own rows only (stage 1), and their gradients only (2), and the parameters themselves (3).
 *
 * Forward gathers a unit before it is used; stage 3 gives it up afterwards and gathers it again for backward. While one
 * unit is computed, the next one is on its way. In backward a unit's gradients are reduced while the unit before it is
 * computed: at half of that, the sum is waited for and the next unit is fetched, so that no more than three whole units are
 * there at any time: the parameters, their gradients, and one message.
 */
import { tapeOf } from "../../autograd/index.ts";
import type { DType } from "../../device/index.ts";
import type { Module, ParameterTree } from "../../nn/index.ts";
import type { HookHandle, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { type Along, axesAlong, groupAlong } from "../data/along.ts";
import { shareOut } from "./share-out.ts";
import { Unit } from "./unit.ts";

/** What is sharded, and how it travels. */
export interface FullyShardedOptions {
  /** Modules that are gathered one at a time, in the order in which forward calls them; the rest of the model is a unit, too. */
  readonly units?: readonly ParameterTree[];
  /** ZeRO's stage: what a rank keeps of its own rows only. 1: moments; 2: gradients, too; 3: parameters, too (the default). */
  readonly stage?: 1 | 2 | 3;
  /** Ranks that keep the same shards, and sum their gradients after these are reduced (HSDP). */
  readonly replicate?: Along;
  /** In what parameters are gathered: bf16 halves the bytes, and computes with rounded weights. Own rows stay as they are. */
  readonly gathered?: DType;
  /** In what gradients are summed: f32 if not given. */
  readonly reduced?: DType;
  /** Whether messages travel while the unit beside is computed: true if not given. */
  readonly overlap?: boolean;
}

/** A model of whose state every rank keeps its own rows. */
export class FullyShardedDataParallel {
  /** What is gathered one at a time: the rest of the model, if it has parameters, and then each of the given modules. */
  readonly units: readonly Unit[];
  readonly #device: TensorDevice;
  readonly #replicas: ProcessGroup | undefined;
  readonly #stage: 1 | 2 | 3;
  readonly #overlap: boolean;
  readonly #handles: HookHandle[] = [];
  #sync = true;
  /** The unit whose gradients are being summed. */
  #reducing: Unit | undefined;

  private constructor(model: ParameterTree, along: Along, options: FullyShardedOptions) {
    const { units = [], stage = 3, replicate, gathered, reduced = "f32", overlap = true } = options;
    const owners = [model, ...units] as Module<never[], never>[];
    const shares = shareOut(model, units);
    this.#device = model.parameters()[0].device as TensorDevice;
    this.#replicas = replicate && groupAlong(replicate);
    this.#stage = stage;
    this.#overlap = overlap;
    const group = groupAlong(along);
    const form = { frees: stage === 3, gathered, reduced };
    const made = shares.map((parameters) =>
      parameters.length > 0 ? new Unit(parameters, group, axesAlong(along), form) : undefined,
    );
    this.units = made.flatMap((unit) => unit ?? []);
    for (const [i, unit] of made.entries()) if (unit) this.#watch(owners[i], unit, i === 0);
  }

  /**
   * Shards a model, in place. Its first rank's values are everybody's, unless it has none yet (`meta`).
   * @param along the ranks that share it out, and see other samples.
   * @throws RangeError for a model without parameters, units that are not in it, one parameter in two units.
   */
  static async wrap(
    model: ParameterTree,
    along: Along,
    options: FullyShardedOptions = {},
  ): Promise<FullyShardedDataParallel> {
    const parameters = model.parameters();
    if (parameters.length === 0) throw new RangeError("There is nothing to shard: the model has no parameters.");
    shareOut(model, options.units ?? []);
    const groups = [groupAlong(along), ...(options.replicate ? [groupAlong(options.replicate)] : [])];
    const values = parameters.filter(({ isMeta }) => !isMeta);
    for (const group of groups) await Promise.all(values.map((parameter) => group.broadcast(parameter)));
    return new FullyShardedDataParallel(model, along, options);
  }

  /** Runs a function whose backward passes add whole gradients up here alone: micro-batches of a step but the last. */
  noSync<R>(body: () => R): R {
    const before = this.#sync;
    this.#sync = false;
    try {
      return body();
    } finally {
      this.#sync = before;
    }
  }

  /**
   * Ends a step's backward passes: every rank has the gradients of its own rows, summed over all, when the stream comes
   * here. Every rank calls it once for each step. A parameter that no rank has used keeps no gradient.
   */
  async synchronize(): Promise<void> {
    for (const unit of this.units.toReversed()) {
      if (!unit.gradients.isWhole) continue;
      unit.reshard();
      this.#reduce(unit);
    }
    this.#settle();
    const replicas = this.#replicas;
    if (replicas) {
      const sums = this.units.flatMap((unit) => unit.gradients.own() ?? []);
      await Promise.all(sums.map((sum) => replicas.allReduce(sum)));
      for (const sum of sums) sum.dispose();
    }
    for (const unit of this.units) await unit.gradients.settleUnused();
  }

  /** Makes all parameters whole while an asynchronous function runs: for looking at them, and saving them. */
  async whole<R>(body: () => Promise<R>): Promise<R> {
    for (const unit of this.units) unit.unshard();
    try {
      return await body();
    } finally {
      for (const unit of this.units) unit.reshard();
    }
  }

  /** Lets the model go; its parameters stay this rank's own rows. */
  dispose(): void {
    for (const handle of this.#handles) handle.remove();
    for (const unit of this.units) unit.dispose();
  }

  /** Gathers and gives up a unit around what its module does. */
  #watch(module: Module<never[], never>, unit: Unit, isRoot: boolean): void {
    const place = this.units.indexOf(unit);
    const fetch = (which: number): void => void (this.#overlap && this.units.at(which)?.prefetch());
    const before = (): void => {
      this.#settle();
      if (place > 0) fetch(place - 1);
    };
    const { trained } = unit.gradients;
    let ready = 0;
    this.#handles.push(
      module.registerForwardPreHook(() => {
        if (!unit.gradients.inBackward) this.#settle(); // of an earlier micro-batch, while its parameters are own rows
        unit.unshard();
        if (!unit.gradients.inBackward && place + 1 < this.units.length) fetch(place + 1);
      }),
      module.registerForwardHook(() => {
        // What backward is about to use stays: the rest of the model, and what is computed again.
        const stays = unit.gradients.inBackward || (isRoot && tapeOf(this.#device).recording);
        if (!stays) unit.reshard();
      }),
      module.registerFullBackwardPreHook(() => {
        ready = 0;
        unit.unshard();
        unit.gradients.begin();
        if (isRoot) fetch(-1);
      }),
      module.registerFullBackwardHook(() => {
        before();
        unit.gradients.end();
        unit.reshard();
        if (this.#sync && this.#stage > 1) this.#reduce(unit);
      }),
    );
    for (const parameter of trained) {
      const half = (): void => {
        if (++ready === Math.ceil(trained.length / 2) && !isRoot) before();
      };
      this.#handles.push(parameter.registerPostAccumulateGradHook(half));
    }
  }

  #reduce(unit: Unit): void {
    this.#settle();
    unit.gradients.reduce();
    this.#reducing = unit;
    if (!this.#overlap) this.#settle();
  }

  #settle(): void {
    this.#reducing?.gradients.settle();
    this.#reducing = undefined;
  }
}
