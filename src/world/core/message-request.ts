/** A message in flight, as both sides of every transport keep it. */
import { formatSite } from "../../trace/site.ts";
import { formatOperation } from "./operation.ts";
import type { Message, Request } from "./transport.ts";

export class MessageRequest implements Request {
  readonly message: Message;
  #done = false;
  #matched = false;
  #progress = 0;

  constructor(message: Message) {
    this.message = message;
  }

  get done(): boolean {
    return this.#done;
  }

  get matched(): boolean {
    return this.#matched;
  }

  /** Grows while its bytes come. */
  get progress(): number {
    return this.#progress;
  }

  /** Its bytes have been taken, or have arrived. */
  finish(): void {
    this.#done = true;
  }

  /** Send and receive have met: only the way is left. */
  meet(): void {
    this.#matched = true;
  }

  /** Some of its bytes have come. */
  advance(): void {
    this.#progress++;
  }

  get peer(): number {
    return this.message.peer;
  }
}

/**
 * What is wrong when a send and its receive have met and do not fit each other.
 * @param message of the side that noticed. @param from and @param to world ranks.
 */
export function describeUnequal({ operation }: Message, from: number, to: number, sent: number, asked: number): string {
  const { group, seq } = operation;
  const site = formatSite(operation.site);
  const place = seq > 0 ? `, operation ${seq} of ${group.name}` : "";
  return (
    `rank ${to} expected ${asked} bytes from rank ${from}, but rank ${from} sent ${sent} bytes, in ` +
    `${formatOperation(operation)}${site ? ` (${site})` : ""}${place}. ` +
    "Both sides of a message must agree on dtype and number of elements."
  );
}
