/**
 * Carries a group's operations out over a transport: collectives one after the other, sends
 * and receives at once, over shared memory where the group has it.
 */
import type { Call } from "./call.ts";
import { GroupComm } from "./comm.ts";
import type { Engine } from "./engine.ts";
import { JobError } from "./errors.ts";
import { Issuer } from "./issuer.ts";
import type { GroupInfo, Operation } from "./operation.ts";
import type { Plan, Planner, Task } from "./plan.ts";
import type { Span } from "./span.ts";
import type { Request, SharedGroup, Steps, Transport } from "./transport.ts";
import { Work } from "./work.ts";

/** A message that left from a copy. */
const sent: Request = { done: true, peer: -1 };

export class TransportIssuer extends Issuer implements Planner {
  readonly shares: boolean;
  readonly #transport: Transport;
  readonly #nodes: readonly number[];
  readonly #shared: SharedGroup | undefined;
  /** This rank's place in the group. */
  readonly #rank: number;
  #last: Work<unknown> | undefined;
  /** Sends and receives that wait for a stream, in the order of their calls. */
  #queued: Work<unknown>[] = [];

  /** @param nodes by world rank: the number of its node. */
  constructor(engine: Engine, info: GroupInfo, transport: Transport, nodes: readonly number[], shared?: SharedGroup) {
    super(engine, info);
    this.#transport = transport;
    this.#nodes = nodes;
    this.#shared = shared;
    this.shares = shared !== undefined;
    this.#rank = info.ranks.indexOf(engine.rank);
  }

  open(info: GroupInfo, address: number): Issuer {
    const shared = address ? this.#transport.openShared(info.ranks, address) : undefined;
    return new TransportIssuer(this.engine, info, this.#transport, this.#nodes, shared);
  }

  protected make<T>(operation: Operation, call: Call<T>): Work<T> {
    const { engine } = this;
    const fence = engine.caller.fence();
    if (operation.seq > 0) return new Work<T>(engine, this, operation, call, fence, this.#last);
    const behind = this.#queued.length > 0 ? this.#queuedBefore(operation) : undefined;
    return new Work<T>(engine, this, operation, call, fence, undefined, behind);
  }

  protected submitted(work: Work<unknown>): void {
    if (work.operation.seq > 0) this.#last = work;
    else if (work.state === "queued") this.#queued.push(work);
  }

  protected release(): void {
    this.#shared?.leave();
  }

  /** Messages of the same ranks and tag begin in the order of their calls, whatever their streams do meanwhile. */
  #queuedBefore({ kind, peer, tag }: Operation): Work<unknown> | undefined {
    this.#queued = this.#queued.filter(({ state }) => state === "queued");
    return this.#queued.findLast(
      ({ operation: other }) => other.kind === kind && other.peer === peer && other.tag === tag,
    );
  }

  /** Starts an operation whose turn has come. For Work. */
  begin(task: Task<unknown>, operation: Operation): Plan {
    const call = task as Call<unknown>;
    const { journal } = this.engine;
    journal.begins(operation);
    const { shared, exchange } = call;
    if ((shared || exchange) && this.#shared) {
      const collective = exchange
        ? this.#shared.exchange(operation, exchange)
        : this.#shared.start(operation, shared as Span, call.operator ?? "sum");
      if (journal.recorded)
        for (const { event, peer, bytes } of collective.accesses()) journal.message(event, operation, peer, bytes);
      return collective;
    }
    if (call.message) return call.message(this.#comm(operation)) ?? sent;
    if (operation.seq > 0) this.#transport.announce(operation);
    return this.#run(call, operation);
  }

  *#run(call: Call<unknown>, operation: Operation): Steps {
    const comm = this.#comm(operation);
    try {
      for (const requests of call.steps(comm, operation, this.#transport)) {
        yield requests;
        comm.waitedFor(requests);
      }
    } catch (error) {
      // Of arguments that lie in device memory; the others may wait for this rank already.
      const { rank, caller } = this.engine;
      const failed = caller.kernelFailure;
      const why = failed ? `numbers that were never computed. ${failed}` : (error as Error).message;
      const did = `called ${this.info.name}.${operation.kind} with ${why}`;
      this.engine.giveUp(did, new JobError(`rank ${rank} ${did}`));
    } finally {
      comm.close();
    }
  }

  #comm(operation: Operation): GroupComm {
    const { device, eager, journal } = this.engine;
    return new GroupComm(
      { device, eager, journal, transport: this.#transport, nodes: this.#nodes },
      operation,
      this.#rank,
    );
  }
}
