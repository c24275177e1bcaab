/**
 * The flight recorder: the last operations of a rank, in the order they were issued.
 * Recording one costs a few stores; text is made when a report is asked for.
 */
import { formatOperation } from "./operation.ts";
import { formatSite } from "./site.ts";
import type { Work } from "./work.ts";

const SIZE = 1000;

/** One line of a dump. */
export interface FlightRecord {
  readonly operation: string;
  readonly group: string;
  readonly seq: number;
  readonly state: string;
  readonly site: string;
  /** Milliseconds on the job's clock; `done` is missing while the operation runs. */
  readonly issued: number;
  readonly done?: number;
}

export class Recorder {
  readonly #ring: Work<unknown>[] = [];
  #count = 0;

  add(work: Work<unknown>): void {
    this.#ring[this.#count++ % SIZE] = work;
  }

  /** Operations issued so far. */
  get count(): number {
    return this.#count;
  }

  /** The last operations, oldest first. */
  *works(): Generator<Work<unknown>> {
    for (let i = Math.max(0, this.#count - SIZE); i < this.#count; i++) yield this.#ring[i % SIZE];
  }

  dump(): FlightRecord[] {
    return [...this.works()].map((work) => ({
      operation: formatOperation(work.operation),
      group: work.operation.group.name,
      seq: work.operation.seq,
      state: work.state,
      site: formatSite(work.operation.site),
      issued: work.issuedAt,
      done: work.doneAt || undefined,
    }));
  }
}
