/**
 * A thread of ranks: one rank over shared memory or wires, or all ranks of a local world. It
 * imports their programs, runs each to its end, and tells whoever started it what they say.
 */
import type { Port } from "../../platform/threads.ts";
import { accountOf } from "../../script/account.ts";
import { type Place, type Script, scriptOf } from "../../script/define.ts";
import { valuesOf } from "../../script/options.ts";
import { type Ending, failRank, lostRank, runRank } from "../../script/rank.ts";
import { Tracer } from "../../trace/trace.ts";
import { pulse } from "../../world/core/recorder.ts";
import { MemoryStore, noTraffic, type Rank, RankStore, RemoteStore, type StoreReply } from "../../world/index.ts";
import type { ThreadKit } from "../kit.ts";
import { OutputSender } from "../output.ts";
import { noRecords, type RankMessage, type RankReply, type RankStart } from "../start.ts";
import { doingOf } from "./doing.ts";
import { ranksOf } from "./ranks-of.ts";
import { startThreadedRank, type ThreadedRank } from "./threaded-rank.ts";

/** What the thread of ranks has of Node, or of a page. */
export interface RankBody {
  /** Where the ranks live. */
  place(start: RankStart): Place;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Sees to it that what the thread prints goes to a sender, in the name of a rank. */
  capture(output: OutputSender, rank: number): void;
  /** Calls back with what threw in this thread and nobody caught. */
  onUncaught(fail: (thrown: unknown) => void): void;
  /** Calls back when nothing can happen in this thread any more. */
  onStill(still: () => void): void;
  /** What the thread would end with. */
  exitCode(): number;
  /** Whether nothing but the job can make its programs go on. @param timers of the thread that are the job's. */
  isIdle(timers: number): boolean;
  /** The URL by which a program is imported anew in a thread that has played others. Where each plays one, it is missing. */
  fresh?(url: string): string;
  /** Ends the thread. */
  exit(): void;
}

export async function playRank(
  start: RankStart,
  port: Port<RankReply, RankMessage>,
  kit: ThreadKit,
  body: RankBody,
): Promise<void> {
  await new RankMain(start, port, kit, body).run();
}

class RankMain {
  readonly #start: RankStart;
  readonly #port: Port<RankReply, RankMessage>;
  readonly #kit: ThreadKit;
  readonly #body: RankBody;
  readonly #output: OutputSender;
  /** The job's store: in the local world's only thread, or in the thread that started this one. */
  readonly #local: MemoryStore | undefined;
  readonly #remote: RemoteStore;
  readonly #tracers = new Map<number, Tracer>();
  /** Ranks whose end has not been reported. */
  readonly #running = new Map<number, Rank>();
  /** Where all ranks of the thread live. */
  readonly #place: Place;
  #ranks: readonly Rank[] | undefined;
  #unreported = 0;
  #threads: ThreadedRank | undefined;

  constructor(start: RankStart, port: Port<RankReply, RankMessage>, kit: ThreadKit, body: RankBody) {
    this.#start = start;
    this.#port = port;
    this.#kit = kit;
    this.#body = body;
    this.#place = body.place(start);
    for (const each of [...this.#place.ranks, this.#place.ranks, this.#place]) Object.freeze(each); // ranks share it
    this.#remote = new RemoteStore((id, oldest, call) => port.post({ type: "store", id, oldest, call }));
    this.#local = start.transport === "local" ? new MemoryStore() : undefined;
    this.#output = new OutputSender((output) => port.post(output), start.output);
    body.capture(this.#output, this.#local ? -1 : start.rank);
    body.onUncaught((thrown) => this.#fail(thrown));
  }

  async run(): Promise<void> {
    const { rank, size } = this.#start;
    const numbers = this.#local ? Array.from({ length: size }, (_, number) => number) : [rank];
    const loading = new Set(numbers);
    this.#body.onStill(() => loading.size > 0 && this.#neverLoaded(loading));
    if (this.#threaded) await this.#kit.prepare?.(2);
    // All are loaded before the first one runs: imports end in any order, and ranks of one thread take turns in theirs.
    const load = (number: number) => this.#load(number).finally(() => loading.delete(number));
    const programs = await Promise.all(numbers.map(load));
    this.#opened().forEach((each, i) => {
      if (this.#running.has(numbers[i])) void programs[i](each); // else something that it imports has failed since
    });
  }

  get #threaded(): boolean {
    return this.#start.settings.streams === "threaded" && !this.#local;
  }

  /** The thread's ranks. From here on, what comes by the port keeps the thread alive. */
  #opened(): readonly Rank[] {
    if (this.#ranks) return this.#ranks;
    this.#ranks = this.#build();
    this.#unreported = this.#ranks.length;
    for (const rank of this.#ranks) this.#running.set(rank.world.rank, rank);
    this.#port.listen((message) => {
      if (message.type === "over") this.#body.exit();
      else if (message.type === "ask") void this.#tell();
      else this.#remote.replied(message.id, message.reply);
    });
    return this.#ranks;
  }

  #build(): Rank[] {
    const tracer = (rank: number, now = this.#kit.now): Tracer | undefined => {
      if (this.#start.settings.traced) this.#tracers.set(rank, new Tracer(now));
      return this.#tracers.get(rank);
    };
    const onStored = (id: number, reply: StoreReply): void => this.#remote.replied(id, reply);
    if (!this.#threaded) {
      return ranksOf(this.#kit, this.#start, { tracer, onStored, idle: () => this.#body.isIdle(this.#timers) });
    }
    this.#threads = startThreadedRank(this.#kit, this.#start, tracer(this.#start.rank), onStored);
    return [this.#threads.rank];
  }

  /** Imports a rank's program. @returns how to run it, or to end it because it could not be loaded. */
  async #load(number: number): Promise<(rank: Rank) => Promise<void>> {
    const { url, file } = this.#start;
    try {
      // Ranks of one thread get a module instance each, so that they share nothing, as in threads of their own.
      const own = this.#local ? `${url}?rank=${number}` : url;
      const script = scriptOf((await import(this.#body.fresh?.(own) ?? own)) as Record<string, unknown>, file);
      return (rank) => this.#run(rank, script);
    } catch (error) {
      return (rank) => this.#report(number, failRank(rank, error));
    }
  }

  async #run(rank: Rank, script: Script): Promise<void> {
    const number = rank.world.rank;
    const { options, settings, env } = this.#start;
    rank.engine.journal.pulse[pulse.STARTED] = 1;
    const threads = this.#threads;
    let ending: Ending;
    try {
      ending = await runRank(rank, {
        script,
        options: valuesOf(script.options ?? {}, options),
        place: this.#place,
        seed: settings.seed,
        env: { ...this.#body.env, LOCAL_RANK: String(number), ...env },
        store: new RankStore(this.#local ?? this.#remote, rank.engine),
        now: this.#kit.now,
        tracer: this.#tracers.get(number),
        spans: threads && (() => threads.spans()),
        emit: (shown) => this.#output.show(number, shown),
      });
    } catch (error) {
      ending = failRank(rank, error);
    }
    await this.#report(number, ending);
  }

  async #report(number: number, ending: Ending): Promise<void> {
    const rank = this.#running.get(number);
    if (!rank) return;
    this.#running.delete(number);
    const { journal } = rank.engine;
    const flight = ending.ok ? [] : journal.flight();
    const spans = this.#tracers.get(number)?.spans ?? [];
    const others = await this.#threads?.close(ending.ok);
    const traffic = others?.traffic ?? journal.traffic() ?? noTraffic;
    const records = { spans: [...spans, ...(others?.spans ?? [])], flight, traffic };
    this.#port.post({ type: "ended", ending, exitCode: this.#body.exitCode(), records });
    if (--this.#unreported === 0 && this.#start.transport !== "tcp") this.#port.leave(); // wires stay open until all ranks are done
  }

  /** A promise nobody awaits, or a callback, threw: no rank can be told from it, so the first one answers. */
  #fail(thrown: unknown): void {
    const [first] = this.#opened() && this.#running;
    if (first) {
      void this.#report(first[0], failRank(first[1], thrown));
      return;
    }
    // All have ended, and one of them was wrong to: what threw had been left running.
    const { message, stack } = accountOf(thrown);
    const ending: Ending = { rank: this.#start.rank, ok: false, error: { message, stack, echo: false } };
    this.#port.post({ type: "ended", ending, exitCode: this.#body.exitCode(), records: noRecords });
  }

  /** Nothing can happen in this thread any more, and these programs are still being loaded. */
  #neverLoaded(numbers: ReadonlySet<number>): void {
    const detail = `can never go on: ${this.#start.file} awaits something at its top level that nothing will ever resolve`;
    for (const rank of this.#opened()) {
      const number = rank.world.rank;
      if (!numbers.has(number)) continue;
      rank.engine.leave("failed", detail);
      void this.#report(number, lostRank(number, `rank ${number}'s program ${detail}.`));
    }
  }

  /** Says what the ranks of this thread are doing. */
  async #tell(): Promise<void> {
    const isIdle = (streams: number): boolean => this.#body.isIdle(this.#timers + streams);
    const reports = [...this.#running.values()].map((rank) => doingOf(rank, isIdle));
    this.#port.post({ type: "doing", reports: await Promise.all(reports), time: this.#kit.now() });
  }

  /** Timers of this thread that are the job's: each wait in a store has one. */
  get #timers(): number {
    return this.#local?.waiting ?? 0;
  }
}
