/**
 * A process group: some ranks of the job, in an order, and the operations they do
 * together. The first group, of all ranks, is what programs call `world`.
 *
 * Every operation starts when it is called and returns a Work. Collectives of one group
 * run one after the other in the order of the calls, which must be the same on all
 * members; point-to-point operations match by (group, peer, tag) and never queue behind
 * collectives. Peers and roots are ranks of the group the call is made on.
 *
 * The order of reduction depends on the algorithm (see algorithms/ and shm/), not
 * on timing; the result has the same bits on every rank. Half formats are added and multiplied
 * in f32 and rounded once, at the end. Integer sums and products wrap. A mean never overflows on
 * the way; that of integers is truncated toward zero (algorithms/wide.ts).
 */
import { allReduceSteps } from "./algorithms/all-reduce.ts";
import {
  directGather,
  directReduceScatter,
  directScatter,
  disseminationBarrier,
  gatherBroadcast,
} from "./algorithms/direct.ts";
import { gatherExchange, scatterExchange } from "./algorithms/exchanges.ts";
import { allGatherObjectCall, broadcastObjectCall } from "./algorithms/objects.ts";
import { list, none, type Pieces } from "./algorithms/pieces.ts";
import { ringAllGather } from "./algorithms/ring.ts";
import { type Maker, newGroupCall, splitCall } from "./algorithms/split.ts";
import { treeBroadcast, treeReduce } from "./algorithms/tree.ts";
import type { AllReduceAlgorithm, Tuner } from "./algorithms/tuner.ts";
import { reduceWide } from "./algorithms/wide.ts";
import { Checks } from "./checks/checks.ts";
import type { Engine } from "./core/engine.ts";
import type { Issuer } from "./core/issuer.ts";
import type { GroupInfo, Operator } from "./core/operation.ts";
import { type Contiguous, spanBytes, spanOf } from "./core/span.ts";
import type { Work } from "./core/work.ts";
import { Exchanging } from "./exchanging.ts";

const noOptions = {};

/** Some ranks of the job, in an order, and what they do together. Every operation starts when it is called. */
export class ProcessGroup extends Exchanging {
  readonly #engine: Engine;
  readonly #tuner: Tuner;
  readonly #shared: boolean;
  readonly #issuer: Issuer;
  readonly #checks: Checks;
  readonly #maker: Maker<ProcessGroup>;

  constructor(engine: Engine, info: GroupInfo, tuner: Tuner, issuer: Issuer) {
    const checks = new Checks(info, engine.rank, engine.caller.elsewhere ? undefined : engine.device);
    super(engine, info, issuer, checks);
    Object.freeze(info.ranks); // programs are handed this very list
    this.#engine = engine;
    this.#tuner = tuner;
    this.#shared = issuer.shares && tuner.table.shared;
    this.#issuer = issuer;
    this.#checks = checks;
    this.#maker = {
      parent: info,
      make: (made, address) => new ProcessGroup(engine, made, tuner, issuer.open(made, address)),
    };
  }

  /** Every rank's tensor becomes a copy of the root's. */
  broadcast<T extends Contiguous>(tensor: T, root = 0): Work<T> {
    this.#checks.peer("broadcast", root);
    this.#checks.tensor("broadcast", tensor);
    const isRoot = this.rank === root;
    return this.#issuer.issue({
      kind: "broadcast",
      args: [tensor, root],
      root,
      agree: [tensor],
      reads: isRoot ? [tensor] : none,
      writes: isRoot ? none : [tensor],
      steps: (comm) => treeBroadcast(comm, spanOf(tensor), root),
      output: tensor,
    });
  }

  /** The root's tensor becomes the reduction of every rank's; the others' stay as they are. */
  reduce<T extends Contiguous>(tensor: T, root = 0, operator: Operator = "sum"): Work<T> {
    this.#checks.peer("reduce", root);
    this.#checks.operator("reduce", operator);
    this.#checks.tensor("reduce", tensor);
    const isRoot = this.rank === root;
    return this.#issuer.issue({
      kind: "reduce",
      args: [tensor, root, operator],
      root,
      operator,
      agree: [tensor],
      reads: isRoot ? none : [tensor],
      writes: isRoot ? [tensor] : none,
      steps: (comm) =>
        reduceWide(comm, spanOf(tensor), operator, isRoot, (span, inner) => treeReduce(comm, span, root, inner)),
      output: tensor,
    });
  }

  /** Every rank's tensor becomes the reduction of all, in place. @param options.algorithm in place of the tuner's choice. */
  allReduce<T extends Contiguous>(
    tensor: T,
    operator: Operator = "sum",
    options: { algorithm?: AllReduceAlgorithm } = noOptions,
  ): Work<T> {
    this.#checks.tensor("allReduce", tensor);
    this.#checks.operator("allReduce", operator);
    if (options !== noOptions) this.#checks.fields("allReduce", options, ["algorithm"], '{ algorithm: "ring" }');
    this.#checks.algorithm("allReduce", options.algorithm);
    const span = spanOf(tensor);
    const only = [tensor];
    const algorithm = this.#tuner.allReduce(spanBytes(span), this.size, this.#shared, options.algorithm);
    return this.#issuer.issue({
      kind: "allReduce",
      args: [tensor, operator, options],
      operator,
      algorithm: options.algorithm,
      agree: only,
      reads: none,
      writes: only,
      shared: algorithm === "shared" ? span : undefined,
      steps: allReduceSteps[algorithm],
      output: tensor,
    });
  }

  /**
   * Piece i of the root's `output` becomes rank i's `input`.
   * @param output at the root: a tensor of size × input elements, or one tensor per rank (lengths
   *   may differ); elsewhere undefined.
   */
  gather<T extends Contiguous>(output: Pieces<T> | undefined, input: T, root = 0): Work<Pieces<T> | undefined> {
    this.#checks.peer("gather", root);
    this.#checks.tensor("gather", input);
    const pieces = this.#checks.rootPieces("gather", output, root, input);
    if (output && pieces) this.#checks.apart("gather", [output, pieces], [input, [spanOf(input)]]);
    return this.#issuer.issue({
      kind: "gather",
      args: [output, input, root],
      root,
      agree: [input],
      reads: [input],
      writes: list(this.rank === root ? output : undefined),
      steps: (comm) => directGather(comm, spanOf(input), pieces, root),
      output: output,
    });
  }

  /** Piece i of every rank's `output` becomes rank i's `input`. Lists may have pieces of different lengths. */
  allGather<T extends Contiguous>(output: Pieces<T>, input: T): Work<Pieces<T>> {
    this.#checks.tensor("allGather", input);
    const pieces = this.#checks.pieces("allGather", output, input);
    this.#checks.apart("allGather", [output, pieces], [input, [spanOf(input)]]);
    const largest = Math.max(...pieces.map(spanBytes));
    const algorithm = this.#tuner.allGather(largest, this.size);
    const exchange = this.#shared ? gatherExchange(pieces, spanOf(input)) : undefined;
    return this.#issuer.issue({
      kind: "allGather",
      args: [output, input],
      agree: list(output),
      reads: [input],
      writes: list(output),
      exchange,
      *steps(comm) {
        comm.copy(pieces[comm.rank], spanOf(input));
        const isWhole = !Array.isArray(output);
        yield* algorithm === "gather" ? gatherBroadcast(comm, pieces, isWhole) : ringAllGather(comm, pieces);
      },
      output: output,
    });
  }

  /**
   * Rank i's `output` becomes piece i of the root's `input`.
   * @param input at the root: a tensor of size × output elements, or one tensor per rank; elsewhere undefined.
   */
  scatter<T extends Contiguous>(output: T, input: Pieces<T> | undefined, root = 0): Work<T> {
    this.#checks.peer("scatter", root);
    this.#checks.tensor("scatter", output);
    const pieces = this.#checks.rootPieces("scatter", input, root, output);
    if (input && pieces) this.#checks.apart("scatter", [output, [spanOf(output)]], [input, pieces]);
    return this.#issuer.issue({
      kind: "scatter",
      args: [output, input, root],
      root,
      agree: [output],
      reads: list(this.rank === root ? input : undefined),
      writes: [output],
      steps: (comm) => directScatter(comm, spanOf(output), pieces, root),
      output: output,
    });
  }

  /** `output` becomes the reduction of every rank's piece `rank` of `input`. Lists may have pieces of different lengths. */
  reduceScatter<T extends Contiguous>(output: T, input: Pieces<T>, operator: Operator = "sum"): Work<T> {
    this.#checks.tensor("reduceScatter", output);
    this.#checks.operator("reduceScatter", operator);
    const pieces = this.#checks.pieces("reduceScatter", input, output);
    this.#checks.apart("reduceScatter", [output, [spanOf(output)]], [input, pieces]);
    // Lists may lie anywhere: members would need an address for each piece.
    const whole = this.#shared && !Array.isArray(input) ? (input as T) : undefined;
    return this.#issuer.issue({
      kind: "reduceScatter",
      args: [output, input, operator],
      operator,
      agree: list(input),
      reads: list(input),
      writes: [output],
      exchange: whole && scatterExchange(spanOf(output), spanOf(whole), this.rank, this.size, operator),
      steps: (comm) => directReduceScatter(comm, spanOf(output), pieces, operator),
      output: output,
    });
  }

  /** Completes when every member has called it. */
  barrier(): Work<void> {
    const shared = this.#shared ? this.#engine.nothing : undefined;
    return this.#issuer.issue({
      kind: "barrier",
      args: none,
      agree: none,
      reads: none,
      writes: none,
      shared,
      steps: disseminationBarrier,
    });
  }

  /** Every rank gets the root's value, as JSON has it: NaN becomes null, members that are undefined are left out. */
  broadcastObject<V>(value: V, root = 0): Work<V> {
    this.#checks.peer("broadcastObject", root);
    const mine = this.rank === root ? this.#checks.json("broadcastObject", value) : "";
    return this.#issuer.issue(broadcastObjectCall<V>(value, mine, root));
  }

  /** Every rank gets every rank's value, in rank order; as JSON has it: NaN becomes null, members that are undefined are left out. */
  allGatherObject<V>(value: V): Work<V[]> {
    const mine = this.#checks.json("allGatherObject", value);
    return this.#issuer.issue(allGatherObjectCall<V>(value, mine));
  }

  /**
   * Cuts the group into groups of equal color, ordered by (key, rank). All members must call it.
   * @param color from 0; undefined to belong to none.
   * @param name of the new group, the same from all ranks of a color; made of the color if not given.
   * @returns this rank's group, or undefined without a color. `destroy` gives it back.
   */
  split(color: number | undefined, key = this.rank, name?: string): Work<ProcessGroup | undefined> {
    this.#checks.color(color, key);
    this.#checks.name("split", name);
    return this.#issuer.issue(splitCall(this.#maker, { color, key, name }));
  }

  /**
   * A group of some of this group's ranks, in the order of the list; undefined on the others. As with
   * torch.distributed.new_group, all ranks, members or not, call it with the same list: groups that
   * do not overlap are made by as many calls on every rank, or by one split.
   * @param name of the new group, the same from all ranks.
   */
  newGroup(ranks: readonly number[], name?: string): Work<ProcessGroup | undefined> {
    this.#checks.ranks(ranks);
    this.#checks.name("newGroup", name);
    return this.#issuer.issue(newGroupCall(this.#maker, { ranks: [...ranks], name }));
  }
}
