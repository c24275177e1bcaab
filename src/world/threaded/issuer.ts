/** Hands a group's operations to the rank's communication stream, which puts them in order. */
import type { Completion } from "../../device/index.ts";
import type { Call } from "../core/call.ts";
import type { Engine } from "../core/engine.ts";
import { Issuer } from "../core/issuer.ts";
import type { GroupInfo, Operation } from "../core/operation.ts";
import type { Plan, Planner, Task } from "../core/plan.ts";
import { Work } from "../core/work.ts";
import type { CommClient } from "./client.ts";

/** The stream itself waits for what the program has launched. */
const past: Completion = { done: true };

export class RemoteIssuer extends Issuer implements Planner {
  readonly shares = false;
  readonly #client: CommClient;

  constructor(engine: Engine, info: GroupInfo, client: CommClient) {
    super(engine, info);
    this.#client = client;
  }

  open(info: GroupInfo): Issuer {
    return new RemoteIssuer(this.engine, info, this.#client);
  }

  protected make<T>(operation: Operation, call: Call<T>): Work<T> {
    return new Work<T>(this.engine, this, operation, call, past);
  }

  protected submitted(): void {}

  protected release(): void {
    this.#client.destroy(this.info.id);
  }

  begin(task: Task<unknown>, operation: Operation): Plan {
    const { args, receive } = task as Call<unknown>;
    return this.#client.start(operation, args, receive);
  }
}
