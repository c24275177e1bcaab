/**
 * Eager sends: small messages whose send completes at once, because they leave from a
 * copy. The copies live until their receives have taken them, and a rank does not end
 * before that; so buffering hides a deadlock only as long as there is room for it.
 */
import type { Buffer } from "../../device/index.ts";
import { formatSite } from "../../trace/site.ts";
import { formatOperation, type Operation } from "./operation.ts";
import type { PendingOperation } from "./report.ts";
import type { Request } from "./transport.ts";

interface Copy {
  readonly operation: Operation;
  readonly request: Request;
  readonly buffer: Buffer;
}

export class EagerSends {
  /** Largest message, in bytes, that is sent from a copy; 0 for none. */
  readonly limit: number;
  /** Whether the program is over and only these are waited for. */
  #blocking = false;
  #drained: (() => void) | undefined;
  readonly #copies: Copy[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get count(): number {
    return this.#copies.length;
  }

  add(operation: Operation, request: Request, buffer: Buffer): void {
    this.#copies.push({ operation, request, buffer });
  }

  /** Resolves when the last copy has been taken, or is given up: the program is over, and waits for these. */
  drained(): Promise<void> {
    this.#blocking = true;
    return new Promise((resolve) => (this.#drained = resolve));
  }

  /** The job has failed: nobody waits for these any more. */
  giveUp(): void {
    this.#drained?.();
  }

  /** Frees the copies that have been taken. @returns whether any was. */
  progress(): boolean {
    const copies = this.#copies;
    let kept = 0;
    for (const copy of copies) {
      if (copy.request.done) copy.buffer.release();
      else copies[kept++] = copy;
    }
    const moved = kept < copies.length;
    copies.length = kept;
    if (kept === 0) this.#drained?.();
    return moved;
  }

  /** What is still to be taken, for a report. */
  pending(): PendingOperation[] {
    return this.#copies.map(({ operation, request }) => ({
      text: formatOperation(operation),
      kind: operation.kind,
      group: operation.group.name,
      seq: operation.seq,
      hash: operation.hash,
      site: formatSite(operation.site),
      peer: request.peer,
      tag: operation.tag ?? 0,
      blocking: this.#blocking,
      blockedOn: request.done || request.matched ? [] : [request.peer],
    }));
  }
}
