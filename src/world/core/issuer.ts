/**
 * Gives a group's operations their numbers and starts them. There are two bodies: one carries
 * them out over a transport, the other hands them to a thread that does.
 */
import { captureSite, formatSite } from "../../trace/site.ts";
import { hashOf, pairHash } from "./agreement.ts";
import type { Call } from "./call.ts";
import type { Engine } from "./engine.ts";
import { formatOperation, type GroupInfo, type Kind, Operation } from "./operation.ts";
import type { Work } from "./work.ts";

export abstract class Issuer {
  protected readonly engine: Engine;
  protected readonly info: GroupInfo;
  #seq = 0;
  /** Whether this rank has given up its place in the group. */
  #closed = false;

  constructor(engine: Engine, info: GroupInfo) {
    this.engine = engine;
    this.info = info;
  }

  /** Whether the group's members share memory that an operation can be done in. */
  abstract readonly shares: boolean;

  /** The issuer of a new group that this one's members have made. @param address of its shared memory, 0 for none. */
  abstract open(info: GroupInfo, address: number): Issuer;

  /** Makes the Work of a call, which begins when its turn has come. @throws Error when its memory is in use. */
  protected abstract make<T>(operation: Operation, call: Call<T>): Work<T>;

  /** A Work of this group has been submitted. */
  protected abstract submitted(work: Work<unknown>): void;

  /** Gives back what the group has. Nothing of it is in flight. */
  protected abstract release(): void;

  /**
   * Issues an operation: its number and hash come from the order of the calls and their arguments.
   * A call that throws has not been made: it has no number.
   * @throws CaptureError while a graph is captured.
   */
  issue<T>(call: Call<T>): Work<T> {
    const { engine } = this;
    if (engine.failure) throw engine.failure;
    engine.refuseCapture();
    if (this.#closed) throw this.#gone(call.kind);
    const pairwise = call.peer !== undefined;
    const operation = new Operation(call, this.info, pairwise ? 0 : this.#seq + 1, pairwise ? pairHash : hashOf);
    const work = this.make(operation, call);
    if (!pairwise) this.#seq++;
    engine.submit(work);
    this.submitted(work as Work<unknown>);
    return work;
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
      `rank ${this.engine.rank} called ${this.info.name}.destroy() with ${texts.join(", ")}${more} in flight. ` +
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
      if (--left === 0) this.release();
    };
    for (const work of works) work.whenEnded(ended);
    if (left === 0) this.release();
  }

  #inFlight(): Work<unknown>[] {
    return this.engine.pending().filter(({ operation }) => operation.group === this.info);
  }

  #gone(kind: Kind): Error {
    const site = formatSite(captureSite());
    return new Error(
      `rank ${this.engine.rank} called ${this.info.name}.${kind}${site ? ` (${site})` : ""}, ` +
        "but has destroyed that group. Destroy a group after its last use.",
    );
  }
}
