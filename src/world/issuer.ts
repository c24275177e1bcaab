/**
 * Gives a group's operations their numbers and starts them: collectives one after the
 * other, sends and receives at once, over shared memory where the group has it.
 */
import { captureSite, formatSite } from "../trace/site.ts";
import { hashOf, pairHash } from "./agreement.ts";
import { GroupComm } from "./comm.ts";
import type { Engine } from "./engine.ts";
import {
  type Contiguous,
  formatOperation,
  type GroupInfo,
  type Kind,
  kindCodes,
  type MadeGroup,
  type Operation,
  type Operator,
  type Span,
} from "./operation.ts";
import type { Comm, Request, SharedGroup, Steps } from "./transport.ts";
import type { AllReduceAlgorithm } from "./tuner.ts";
import { type Plan, type Task, Work } from "./work.ts";

/** What an operation is made of, before it is numbered. */
export interface Call<T> extends Task<T> {
  readonly kind: Kind;
  readonly operator?: Operator;
  readonly root?: number;
  /** What the call asks for, whatever the tuner makes of it. */
  readonly algorithm?: AllReduceAlgorithm;
  readonly made?: MadeGroup;
  readonly peer?: number;
  readonly tag?: number;
  /** The tensors that members compare: their shapes or their dtype, as agreement.ts says. */
  readonly agree: readonly Contiguous[];
  readonly steps: (comm: Comm, operation: Operation) => Steps;
  /** In place of steps: starts the one message that it is; undefined if nobody has to wait for it. */
  readonly message?: (comm: Comm) => Request | undefined;
  /** Arguments of the group's method, for doing it elsewhere. */
  readonly args: readonly unknown[];
  /** Takes what the operation gives besides its tensors, when it was done elsewhere. */
  readonly receive?: (result: unknown) => void;
  /** Given where the group's shared memory shall reduce this in place; nothing at all is a barrier. */
  readonly shared?: Span;
}

/** A message that left from a copy. */
const sent: Request = { done: true, peer: -1 };

export class Issuer {
  readonly #engine: Engine;
  readonly #info: GroupInfo;
  readonly #shared: SharedGroup | undefined;
  /** This rank's place in the group. */
  readonly #rank: number;
  #seq = 0;
  #last: Work<unknown> | undefined;
  /** Whether this rank has given up its place in the group. */
  #closed = false;
  /** Sends and receives that wait for a stream, in the order of their calls. */
  #queued: Work<unknown>[] = [];

  constructor(engine: Engine, info: GroupInfo, shared: SharedGroup | undefined) {
    this.#engine = engine;
    this.#info = info;
    this.#shared = shared;
    this.#rank = info.ranks.indexOf(engine.rank);
  }

  /**
   * Issues an operation: its number and hash come from the order of the calls and their arguments.
   * A call that throws has not been made: it has no number.
   * @throws CaptureError while a graph is captured.
   */
  issue<T>(call: Call<T>): Work<T> {
    const { kind, operator, root, algorithm, made, peer, tag, agree } = call;
    const engine = this.#engine;
    if (engine.failure) throw engine.failure;
    engine.refuseCapture();
    if (this.#closed) throw this.#gone(kind);
    const pairwise = peer !== undefined;
    const operation: Operation = {
      kind,
      kindCode: kindCodes[kind],
      group: this.#info,
      seq: pairwise ? 0 : this.#seq + 1,
      operator,
      root,
      algorithm,
      made,
      peer,
      tag,
      data: agree,
      hash: 0,
      site: undefined,
    };
    operation.hash = pairwise ? pairHash(agree[0]) : hashOf(operation);
    if (pairwise && !engine.transport.remote) return this.#issuePair(operation, call);
    const after = engine.transport.remote ? undefined : this.#last; // put in order there
    const work = new Work<T>(engine, this, operation, call, { after });
    this.#seq += pairwise ? 0 : 1;
    this.#last = work as Work<unknown>;
    return engine.submit(work);
  }

  /** @throws Error naming operations of the group that are in flight on this rank. */
  checkIdle(): void {
    const works = this.#inFlight();
    if (this.#closed || works.length === 0) return;
    const texts = works.slice(0, 3).map(({ operation }) => {
      const site = formatSite(operation.site);
      return formatOperation(operation) + (site ? ` (${site})` : "");
    });
    const more = works.length > 3 ? ` and ${works.length - 3} more` : "";
    throw new Error(
      `rank ${this.#engine.rank} called ${this.#info.name}.destroy() with ${texts.join(", ")}${more} in flight. ` +
        "`await` what the group does before it is destroyed.",
    );
  }

  /** Takes no more calls. What the group shares is given back when nothing is in flight. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const works = this.#inFlight();
    let left = works.length;
    const ended = (): void => {
      if (--left === 0) this.#release();
    };
    for (const work of works) work.onEnd = ended;
    if (left === 0) this.#release();
  }

  #release(): void {
    this.#shared?.leave();
    this.#engine.transport.remote?.destroy(this.#info.id);
  }

  #inFlight(): Work<unknown>[] {
    return this.#engine.pending().filter(({ operation }) => operation.group === this.#info);
  }

  #gone(kind: Kind): Error {
    const site = formatSite(captureSite());
    return new Error(
      `rank ${this.#engine.rank} called ${this.#info.name}.${kind}${site ? ` (${site})` : ""}, ` +
        "but has destroyed that group. Destroy a group after its last use.",
    );
  }

  /** Messages of the same ranks and tag begin in the order of their calls, whatever their streams do meanwhile. */
  #issuePair<T>(operation: Operation, call: Call<T>): Work<T> {
    const behind = this.#queued.length > 0 ? this.#queuedBefore(operation) : undefined;
    const work = this.#engine.submit(new Work<T>(this.#engine, this, operation, call, { behind }));
    if (work.state === "queued") this.#queued.push(work as Work<unknown>);
    return work;
  }

  #queuedBefore({ kind, peer, tag }: Operation): Work<unknown> | undefined {
    this.#queued = this.#queued.filter(({ state }) => state === "queued");
    return this.#queued.findLast(
      ({ operation: other }) => other.kind === kind && other.peer === peer && other.tag === tag,
    );
  }

  /** Starts an operation whose turn has come. For Work. */
  begin(task: Task<unknown>, operation: Operation): Plan {
    const call = task as Call<unknown>;
    const { transport, traffic } = this.#engine;
    if (transport.remote) return transport.remote.start(operation, call.args, call.receive);
    if (call.shared && this.#shared) {
      const collective = this.#shared.start(operation, call.shared, call.operator ?? "sum");
      if (traffic)
        for (const { event, peer, bytes } of collective.accesses()) traffic.message(event, operation, peer, bytes);
      return collective;
    }
    if (call.message) return call.message(new GroupComm(this.#engine, operation, this.#rank)) ?? sent;
    if (operation.seq > 0) transport.announce(operation);
    return this.#run(call, operation);
  }

  *#run(call: Call<unknown>, operation: Operation): Steps {
    const comm = new GroupComm(this.#engine, operation, this.#rank);
    try {
      yield* call.steps(comm, operation);
    } finally {
      comm.close();
    }
  }
}
