/**
 * The program's side of a communication stream that has a thread of its own: operations
 * are sent there whole. What is left here is what concerns the program: which buffers are
 * in use, what nobody has waited for, who awaits what.
 */

import { type Device, type StreamEvent, ThreadedStream } from "../../device/index.ts";
import { formatSite } from "../../trace/site.ts";
import type { Engine } from "../core/engine.ts";
import type { Operation } from "../core/operation.ts";
import type { Report } from "../core/report.ts";
import { addressOfSpan } from "../core/span.ts";
import type { Channel, SharedCollective } from "../core/transport.ts";
import type { WaitStrategy } from "../core/wait-strategy.ts";
import { planOf, type Work } from "../core/work.ts";
import { type FromComm, type Leaving, pack, type ToComm } from "./messages.ts";

/** Calls whose line travels with them; later ones send it when the program has to wait. */
const ALWAYS_SITED = 100;
/** Looks at a flag before the program's thread goes back to its event loop. */
const SPINS = 100;
/** Milliseconds in which most calls of the store are answered. */
const MOMENT = 50;

/** An operation that the communication stream does. */
export class RemoteOperation implements SharedCollective {
  readonly id: number;
  readonly flag: number;
  readonly receive: ((result: unknown) => void) | undefined;
  readonly #client: CommClient;
  readonly #word: Int32Array;
  /** Places in streams just after their waits for this. */
  readonly #passed: StreamEvent[] = [];
  #ended = false;

  constructor(
    client: CommClient,
    id: number,
    flag: number,
    word: Int32Array,
    receive: ((result: unknown) => void) | undefined,
  ) {
    this.#client = client;
    this.id = id;
    this.flag = flag;
    this.receive = receive;
    this.#word = word;
  }

  passed(event: StreamEvent): void {
    this.#passed.push(event);
  }

  waitedFor(): void {
    this.#client.waitedFor(this);
  }

  over(): void {
    this.#client.ended(this, this.#passed);
  }

  poll(): boolean {
    return this.#ended || (!this.receive && Atomics.load(this.#word, 0) === 1);
  }

  /** The stream says that it is done. */
  end(result: unknown): void {
    this.receive?.(result);
    this.#ended = true;
  }

  waitingFor(): readonly number[] {
    return [];
  }

  accesses(): readonly [] {
    return [];
  }
}

export class CommClient implements Channel {
  readonly name: Channel["name"];
  readonly rank: number;
  readonly size: number;
  readonly links = undefined;
  readonly #device: Device;
  readonly #post: (message: ToComm) => void;
  readonly #recorded: boolean;
  readonly #running = new Map<number, RemoteOperation>();
  #engine!: Engine;
  #id = 0;
  #drained: () => void = () => {};
  #reported: (() => void)[] = [];
  #told: ((report: Report) => void)[] = [];
  #heard: () => void = () => {};
  #gone = false;
  #telling = false;

  /**
   * @param name of the transport that the stream uses. @param post sends to the stream's thread.
   * @param recorded whether every wait is to be recorded there.
   */
  constructor(
    name: Channel["name"],
    rank: number,
    size: number,
    device: Device,
    post: (message: ToComm) => void,
    recorded = false,
  ) {
    this.#recorded = recorded;
    this.name = name;
    this.rank = rank;
    this.size = size;
    this.#device = device;
    this.#post = post;
  }

  /** The engine that this is the transport of. */
  serve(engine: Engine): void {
    this.#engine = engine;
  }

  /** Sends an operation to the stream, which begins it when the current compute stream has come here. */
  start(operation: Operation, args: readonly unknown[], receive?: (result: unknown) => void): RemoteOperation {
    const { flags, stream, runtime } = this.#device;
    const id = ++this.#id;
    const flag = flags.take();
    const { memory } = runtime.pool;
    const remote = new RemoteOperation(this, id, flag, memory.words(flag, 1), receive);
    this.#running.set(id, remote);
    const event = stream.record();
    const fence =
      stream instanceof ThreadedStream && (!event.done || stream.failure)
        ? { address: stream.address, position: event.position | 0 }
        : undefined;
    this.#post({
      type: "call",
      id,
      group: operation.group.id,
      kind: operation.kind,
      args: args.map((value) => pack(value, (tensor) => addressOfSpan(tensor))),
      fence,
      flag,
      site: id <= ALWAYS_SITED ? formatSite(operation.site) : "",
    });
    return remote;
  }

  /** An operation has ended for the program: its flag may be used again when the streams have passed. */
  ended({ id, flag }: RemoteOperation, passed: readonly StreamEvent[]): void {
    this.#running.delete(id);
    if (!this.#engine.failure) this.#device.flags.giveBack(flag, passed); // else the stream may still raise it
  }

  /** The program awaits a work. */
  await(work: Work<unknown>): void {
    const plan = planOf(work);
    if (!(plan instanceof RemoteOperation)) return;
    this.#post({ type: "await", id: plan.id, site: formatSite(work.operation.site) });
  }

  /** The program has destroyed a group, and none of its operations is in flight. */
  destroy(group: number): void {
    this.#post({ type: "destroy", group });
  }

  /** The program awaits an operation, or lets a stream wait for it. */
  waitedFor(plan: RemoteOperation): void {
    if (!this.#recorded && plan.poll()) return;
    const { stream } = this.#device;
    const address = stream instanceof ThreadedStream ? stream.address : undefined;
    this.#post({ type: "waitedFor", id: plan.id, stream: address });
  }

  /** Something came from the stream's thread. */
  receive(message: FromComm): void {
    if (message.type === "ended") this.#running.get(message.id)?.end(message.result);
    else if (message.type === "failed") this.#engine.fail(message.message);
    else if (message.type === "drained") this.#drained();
    else if (message.type === "reported") this.#reported.shift()?.();
    else if (message.type === "doing") this.#told.shift()?.(message.report);
    else this.#heard();
    this.#engine.progress();
  }

  /** Resolves when the stream has no copies left that nobody has taken, or the job has failed. */
  async drain(): Promise<void> {
    if (this.#gone) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.#post({ type: "drain" });
    await drained;
  }

  /** Resolves when the stream has told what it recorded. */
  async report(): Promise<void> {
    if (this.#gone) return;
    const reported = new Promise<void>((resolve) => void this.#reported.push(resolve));
    this.#post({ type: "report" });
    await reported;
  }

  /** What the rank is doing, as its communication stream sees it. */
  async ask(): Promise<Report> {
    if (this.#gone) return this.#engine.report("failed", "", 1);
    const told = new Promise<Report>((resolve) => void this.#told.push(resolve));
    this.#post({ type: "ask" });
    return told;
  }

  /** Tells the stream what the program waits for at the store, unless that takes but a moment. */
  storeChanged(): void {
    if (this.#telling || this.#gone) return;
    this.#telling = true;
    const tell = (): void => {
      this.#telling = false;
      this.#post({ type: "store", report: this.#engine.openCalls.report() });
    };
    (setTimeout(tell, MOMENT) as { unref?(): void }).unref?.();
  }

  /** Tells the stream that the program is over. */
  leave(state: Leaving, error: string): void {
    this.#post({ type: "leave", state, error });
  }

  /** Nothing more will come. Resolves when the stream has heard it. */
  async over(): Promise<void> {
    if (this.#gone) return;
    const heard = new Promise<void>((resolve) => {
      this.#heard = resolve;
    });
    this.#post({ type: "over" });
    await heard;
  }

  /** The stream's thread is gone: nobody may wait for it any more. */
  lost(reason: string): void {
    this.#gone = true;
    for (const { flag } of this.#running.values()) this.#raise(flag); // streams may wait for these
    this.#engine.fail(`The communication stream of rank ${this.rank} is gone: ${reason}.`);
    this.#drained();
    for (const resolve of this.#reported.splice(0)) resolve();
    for (const resolve of this.#told.splice(0)) resolve(this.#engine.report("failed", "", 1));
    this.#heard();
  }

  /** Lets streams go on that wait for an operation, which will not be done. */
  #raise(flag: number): void {
    const word = this.#device.runtime.pool.memory.words(flag, 1);
    Atomics.compareExchange(word, 0, 0, 2);
    Atomics.notify(word, 0);
  }

  /** Nothing moves here by itself: what comes, comes as a message. */
  progress(): boolean {
    return false;
  }
}

/** How a program waits for its communication stream: a look or two, then its event loop brings word. */
export class RemoteWait implements WaitStrategy {
  readonly spins = SPINS;
  readonly #client: CommClient;

  constructor(client: CommClient) {
    this.#client = client;
  }

  leave(state: Leaving, error = ""): void {
    this.#client.leave(state, error);
  }

  storeChanged(): void {
    this.#client.storeChanged();
  }

  drain(): Promise<void> {
    return this.#client.drain();
  }

  start(work?: Work<unknown>): void {
    if (work) this.#client.await(work);
  }

  block(work: Work<unknown>): void {
    throw new Error(`A program does not block for ${work.operation.kind}; its streams wait for it.`);
  }
}
