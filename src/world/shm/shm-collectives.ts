/** What a group can do over the memory that its members share. */
import type { Operation, Operator } from "../core/operation.ts";
import type { Span } from "../core/span.ts";
import type { Exchange, SharedCollective, SharedGroup } from "../core/transport.ts";
import { ShmAllReduce } from "./shm-all-reduce.ts";
import { ShmExchange } from "./shm-exchange.ts";
import { ShmGroup } from "./shm-group.ts";

export class ShmCollectives extends ShmGroup implements SharedGroup {
  start(operation: Operation, span: Span, operator: Operator): SharedCollective {
    return new ShmAllReduce(this, this.nextCount(), operation, span, operator);
  }

  exchange(operation: Operation, exchange: Exchange): SharedCollective {
    return new ShmExchange(this, this.nextCount(), operation, exchange);
  }
}
