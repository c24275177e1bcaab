/**
 * The communication stream's side, in a thread of its own: an engine and its groups, as a
 * rank has them that does everything in one thread, driven by the program's calls. It makes
 * progress and keeps watch whatever the program does meanwhile.
 */
import { COMMUNICATION, CommandRing, type Completion } from "../../device/index.ts";
import type { SharedMemory } from "../../platform/memory.ts";
import type { Site } from "../../trace/site.ts";
import type { Caller } from "../core/caller.ts";
import type { Engine } from "../core/engine.ts";
import type { Work } from "../core/work.ts";
import { ProcessGroup } from "../group.ts";
import { type FromComm, type Result, type ToComm, unpack } from "./messages.ts";

type Call = Extract<ToComm, { type: "call" }>;

/** A compute stream of the program: says when it has come somewhere. */
class Watched {
  readonly ring: CommandRing;
  readonly #wake: () => void;
  #waiting: number[] = [];

  constructor(ring: CommandRing, wake: () => void) {
    this.ring = ring;
    this.#wake = wake;
  }

  /** A place in the stream. The engine is nudged when it is reached. */
  event(position: number): Completion {
    const { ring } = this;
    if (ring.reached(position)) return done;
    this.#waiting.push(position);
    if (this.#waiting.length === 1) void this.#watch();
    return {
      get done() {
        return ring.reached(position);
      },
    };
  }

  /** Positions come in their order, so the first one is the next to be reached. */
  async #watch(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.ring.watch(COMMUNICATION, this.#waiting[0]);
      this.#waiting = this.#waiting.filter((position) => !this.ring.reached(position));
      this.#wake();
    }
  }
}

const done: Completion = { done: true };

export class CommServer implements Caller {
  readonly elsewhere = true;
  readonly #memory: SharedMemory;
  readonly #post: (message: FromComm) => void;
  readonly #streams = new Map<number, Watched>();
  readonly #groups = new Map<number, ProcessGroup>();
  readonly #works = new Map<number, Work<unknown>>();
  readonly #calls = new Map<Work<unknown>, Call>();
  readonly #awaited = new Set<number>();
  #engine!: Engine;
  #call: Call | undefined;
  #failed = false;

  constructor(memory: SharedMemory, post: (message: FromComm) => void) {
    this.#memory = memory;
    this.#post = post;
  }

  /** Where the operation that is being issued has to wait until the compute stream has come. */
  fence(): Completion {
    const fence = this.#call?.fence;
    return fence ? this.#stream(fence.address).event(fence.position) : done;
  }

  /** The program's line of the operation that is being issued. */
  site(): Site {
    return { text: this.#call?.site ?? "" };
  }

  /** Whether the program waits for one of its streams. */
  get streamsBlocking(): boolean {
    for (const { ring } of this.#streams.values()) if (ring.hostAwaits) return true;
    return false;
  }

  get kernelFailure(): string | undefined {
    for (const { ring } of this.#streams.values()) if (ring.failed) return ring.failure().text;
    return undefined;
  }

  /** Begins to serve, with the group of all ranks. */
  serve(engine: Engine, world: ProcessGroup): void {
    this.#engine = engine;
    this.#groups.set(world.id, world);
  }

  /** A message of the program has come. */
  receive(message: ToComm): void {
    if (message.type === "call") this.#issue(message);
    else if (message.type === "await") this.#await(message.id, message.site);
    else if (message.type === "waitedFor") this.#markWaitedFor(message.id, message.stream);
    else if (message.type === "destroy") this.#destroy(message.group);
    else if (message.type === "drain") void this.#drain();
    else if (message.type === "report") this.#post({ type: "reported" });
    else if (message.type === "ask") this.#tell();
    else if (message.type === "store") this.#engine.openCalls.mirror(message.report);
    else if (message.type === "leave") this.#engine.leave(message.state, message.error);
    else this.#post({ type: "left" });
    this.#engine.strategy.wake?.();
  }

  /** An operation is over. For Engine. */
  ended(work: Work<unknown>): void {
    const call = this.#calls.get(work) ?? this.#call;
    if (!call) return;
    this.#calls.delete(work);
    if (!this.#engine.journal.recorded || work.waitedFor) this.#works.delete(call.id);
    const failed = work.state === "failed";
    this.#raise(call, failed);
    const awaited = this.#awaited.delete(call.id);
    if (failed) return; // the program hears of it once for all
    if (hasResult.has(call.kind)) this.#post({ type: "ended", id: call.id, result: this.#result(work.value) });
    else if (awaited) this.#post({ type: "ended", id: call.id });
  }

  /** The job has failed. For Engine. */
  failed(message: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#post({ type: "failed", message });
  }

  #issue(call: Call): void {
    const group = this.#groups.get(call.group);
    if (!group) throw new Error(`There is no group ${call.group}.`);
    this.#call = call;
    try {
      const method = group[call.kind as "allReduce"] as unknown as (...args: unknown[]) => Work<unknown>;
      const work = method.apply(group, call.args.map(unpack));
      if (!work.done || this.#engine.journal.recorded) this.#works.set(call.id, work);
      if (!work.done) this.#calls.set(work, call);
    } catch (error) {
      this.#raise(call, true); // a stream may wait for it already
      this.failed((error as Error).message);
    } finally {
      this.#call = undefined;
    }
    this.#engine.strategy.start();
  }

  /** Tells streams and the program that an operation is over. */
  #raise({ flag }: Call, failed: boolean): void {
    const word = this.#memory.words(flag, 1);
    Atomics.store(word, 0, failed ? 2 : 1);
    Atomics.notify(word, 0);
  }

  /** Says what the rank is doing, once it has done what it can. */
  #tell(): void {
    while (this.#engine.progress());
    this.#post({ type: "doing", report: this.#engine.report("running", "", 8) });
  }

  #await(id: number, site: string): void {
    const work = this.#works.get(id);
    if (!work || work.done) {
      this.#post({ type: "ended", id });
      return;
    }
    this.#awaited.add(id);
    if (site) this.#engine.journal.relocate(work.operation, { text: site });
    work.then(nothing, nothing);
  }

  /** @param stream that may wait for it: whether the host waits for the stream then counts. */
  #markWaitedFor(id: number, stream: number | undefined): void {
    if (stream !== undefined) this.#stream(stream);
    const work = this.#works.get(id);
    work?.markWaitedFor();
    if (work?.done) this.#works.delete(id);
  }

  #destroy(group: number): void {
    this.#groups.get(group)?.[Symbol.dispose]();
    this.#groups.delete(group);
  }

  async #drain(): Promise<void> {
    await this.#engine.drain();
    this.#post({ type: "drained" });
  }

  /** What the program gets; a new group stays here and is known by its number. */
  #result(value: unknown): Result {
    if (!(value instanceof ProcessGroup)) return value as Result; // JSON strings: the calls came with such
    this.#groups.set(value.id, value);
    return { id: value.id, name: value.name, ranks: value.ranks };
  }

  #stream(address: number): Watched {
    let stream = this.#streams.get(address);
    if (!stream) {
      stream = new Watched(new CommandRing(this.#memory, address), () => this.#engine.strategy.wake?.());
      this.#streams.set(address, stream);
    }
    return stream;
  }
}

/** Operations that give more than the tensors they were given. */
const hasResult: ReadonlySet<string> = new Set(["split", "newGroup", "broadcastObject", "allGatherObject"]);

function nothing(): void {}
