/** A message under way, as both sides of every transport keep it. */
import { formatSite } from "../../trace/site.ts";
import { formatOperation } from "./operation.ts";
import type { Message, Request } from "./transport.ts";

export class MessageRequest implements Request {
  done = false;
  matched = false;
  /** Grows while its bytes come. */
  progress = 0;
  readonly message: Message;

  constructor(message: Message) {
    this.message = message;
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
