/**
 * What two members of a group do between them: one sends, the other receives. Messages match by
 * (group, peer, tag), in the order of their calls, and never queue behind collectives.
 */
import { none, type PointToPoint } from "./algorithms/pieces.ts";
import type { Checks } from "./checks/checks.ts";
import type { Engine } from "./core/engine.ts";
import type { Issuer } from "./core/issuer.ts";
import type { GroupInfo } from "./core/operation.ts";
import { type Contiguous, spanBytes, spanOf } from "./core/span.ts";
import type { Steps } from "./core/transport.ts";
import type { Work } from "./core/work.ts";
import { Membership } from "./membership.ts";

const noOptions = {};

/** Single messages are a request, and take no steps. */
function* noSteps(): Steps {}

/** The messages of a group; its collectives are in group.ts. */
export abstract class Messaging extends Membership {
  readonly #engine: Engine;
  readonly #issuer: Issuer;
  readonly #checks: Checks;

  constructor(engine: Engine, info: GroupInfo, issuer: Issuer, checks: Checks) {
    super(engine, info, issuer);
    this.#engine = engine;
    this.#issuer = issuer;
    this.#checks = checks;
  }

  /** Sends a tensor. The Work completes when the matching receive has taken the bytes. */
  send<T extends Contiguous>(tensor: T, to: number, options: { tag?: number } = noOptions): Work<T> {
    this.#checks.peer("send", to);
    if (options !== noOptions) this.#checks.fields("send", options, ["tag"], "{ tag: 1 }");
    return this.#pointToPoint({ op: "send", tensor, peer: to, tag: options.tag });
  }

  /** Receives into a tensor of the sent one's dtype and size. */
  recv<T extends Contiguous>(tensor: T, from: number, options: { tag?: number } = noOptions): Work<T> {
    this.#checks.peer("recv", from);
    if (options !== noOptions) this.#checks.fields("recv", options, ["tag"], "{ tag: 1 }");
    return this.#pointToPoint({ op: "recv", tensor, peer: from, tag: options.tag });
  }

  /** Issues several sends and receives at once; await all of them with Promise.all. */
  batchSendRecv<T extends Contiguous>(operations: readonly PointToPoint<T>[]): Work<T>[] {
    this.#checks.batch(operations);
    return operations.map((operation) => this.#pointToPoint(operation));
  }

  #pointToPoint<T extends Contiguous>({ op, tensor, peer, tag = 0 }: PointToPoint<T>): Work<T> {
    this.#checks.tensor(op, tensor);
    this.#checks.tag(op, tag);
    const eager = this.#engine.eager.limit || -1;
    return this.#issuer.issue({
      kind: op,
      args: [tensor, peer, { tag }],
      peer,
      tag,
      agree: [tensor],
      reads: op === "send" ? [tensor] : none,
      writes: op === "send" ? none : [tensor],
      steps: noSteps,
      message(comm) {
        const span = spanOf(tensor);
        if (op === "recv") return comm.recv(peer, span);
        if (spanBytes(span) > eager) return comm.send(peer, span);
        comm.sendCopy(peer, span);
        return undefined;
      },
      output: tensor,
    });
  }
}
