/** A message under way, as both sides of every transport keep it. */
import type { Message, Request } from "./transport.ts";

export class MessageRequest implements Request {
  done = false;
  matched = false;
  readonly message: Message;

  constructor(message: Message) {
    this.message = message;
  }

  get peer(): number {
    return this.message.peer;
  }
}
