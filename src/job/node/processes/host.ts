/**
 * Hosts one rank in a process of its own: the I/O thread in this thread, the program in a
 * worker, from joining the job to the end of both.
 */
import { MessageChannel } from "node:worker_threads";
import { MAX_MEMORY, SharedMemory } from "../../../platform/memory.ts";
import { nodePlatform } from "../../../platform/node/node.ts";
import { afterPatience } from "../../../platform/patience.ts";
import { lostRank } from "../../../script/rank.ts";
import { Recorder } from "../../../world/core/recorder.ts";
import type { Output } from "../../output.ts";
import { type Ended, exited, lostEnding, RankThread } from "../../rank-thread.ts";
import type { RunSettings } from "../../settings.ts";
import { noRecords, type ProgramStart, type RankStart } from "../../start.ts";
import { openedBlas } from "../blas/choice.ts";
import { nodeKit } from "../node-kit.ts";
import type { IoMessage, RankMessageToIo } from "./io-messages.ts";
import { type IoThreadOptions, RankIoThread } from "./io-thread.ts";

/** After a verdict, a program gets so long to end by itself. */
const GRACE = 1200;
/** Milliseconds that the rank's thread has to say what it does. */
const ANSWER = 750;

export interface HostOptions {
  readonly io: IoThreadOptions;
  readonly program: ProgramStart;
  /** Number of this rank among those of its host. */
  readonly localRank: number;
  readonly restarts: number;
  /** Bytes of device memory of this rank. */
  readonly memory?: number;
}

/** How a hosted rank ended. */
export type HostEnd = Ended & {
  /** The job's account of its failure, if it failed. */
  readonly verdict?: string;
};

export class RankHost {
  readonly #options: HostOptions;
  readonly #io: RankIoThread;
  readonly #onOutput: (output: Output) => void;
  #thread: RankThread | undefined;
  #ended: HostEnd | undefined;
  #verdict: string | undefined;
  #over = false;
  /** Calls off telling of a failure that the rank has told of itself. */
  #unheard: (() => void) | undefined;
  #finish!: (end: HostEnd) => void;
  /** Where the rank's operations are recorded. */
  readonly #place = { memory: new SharedArrayBuffer(Recorder.bytes), offset: 0 };
  /** What has come from the rank's thread besides. */
  #news = 0;
  /** Ends the wait for what the rank's thread says that it does. */
  #said: (() => void) | undefined;

  /** @param onOutput is given what the rank shows and prints; whoever takes it says so by `taken`. */
  constructor(options: HostOptions, onOutput: (output: Output) => void) {
    this.#options = options;
    this.#onOutput = onOutput;
    this.#io = new RankIoThread(options.io);
    this.#io.listen({
      moved: () => this.#news + Recorder.peek(this.#place).moved,
      onAsk: () => this.#ask(),
      onOver: () => {
        this.#over = true;
        if (this.#ended) this.#concluded(); // else the program's last words are on their way
      },
    });
  }

  /** @throws JoinError when the job cannot be joined; a failing program gives an ending instead. */
  async run(): Promise<HostEnd> {
    const over = new Promise<HostEnd>((resolve) => {
      this.#finish = resolve;
    });
    const early: IoMessage[] = []; // peers may call before this rank's thread exists
    this.#io.listen({ onMessage: (mail) => void early.push(mail) });
    try {
      const { members, table } = await this.#io.join();
      const { onlyTcp = false } = this.#options.io;
      const here = members.filter(({ place }) => place.host === this.#options.io.host).length;
      const { port1, port2 } = new MessageChannel();
      const messageCount = new Int32Array(new SharedArrayBuffer(4));
      const post = (mail: IoMessage): void => {
        Atomics.add(messageCount, 0, 1);
        port1.postMessage(mail);
        if (mail.type === "verdict") this.#judged(mail.message);
      };
      this.#io.listen({ onMessage: post });
      port1.on("message", (mail: RankMessageToIo) => {
        if (mail.type === "told") this.#io.told(mail.message);
        else if (mail.type === "look") this.#io.look(mail.wire);
        else this.#io.finish(mail.id, mail.wire, mail.bytes);
      });
      await this.#begin({ port: port2, messageCount, crowded: here > nodePlatform.cores, members, onlyTcp }, table);
      for (const mail of early.splice(0)) post(mail);
      const end = await over;
      // Nobody needs the wires any more. Of a program that has ended, all is to be heard; one that has not is stopped.
      if (this.#ended) await this.#thread?.leave();
      port1.close();
      return { ...(this.#ended ?? end), verdict: this.#verdict };
    } finally {
      this.#said?.();
      this.#unheard?.();
      this.#io.close();
      await this.#thread?.kill();
    }
  }

  /** `bytes` of output have been taken. */
  taken(bytes: number): void {
    this.#thread?.credit(bytes);
  }

  /** Ends this rank at once, and with it the job. */
  stop(detail: string): void {
    this.#io.gone(detail);
  }

  async #begin(tcp: NonNullable<RankStart["tcp"]>, table: RunSettings["table"]): Promise<void> {
    const { io, program, memory: bytes = MAX_MEMORY, localRank, restarts } = this.#options;
    const { rank, size } = io;
    const memory = SharedMemory.create(bytes);
    const env = { LOCAL_RANK: String(localRank), WORLDSIZE_RESTART_COUNT: String(restarts) };
    const data: Omit<RankStart, "output"> = {
      ...program,
      settings: { ...program.settings, table },
      transport: "tcp",
      rank,
      size,
      memory: memory.wasm,
      limit: memory.limit,
      quota: memory.limit,
      kernels: await nodePlatform.loadKernels(),
      control: undefined,
      env,
      blas: await openedBlas(),
      records: this.#place.memory,
      tcp,
    };
    const moved = (): void => void this.#news++;
    this.#thread = new RankThread(nodeKit, data, {
      onOutput: (output) => {
        moved();
        this.#onOutput(output);
      },
      onStore: ({ id, oldest, call }) => {
        moved();
        this.#io.store(id, oldest, call);
      },
      onDoing: ([report]) => {
        this.#said?.();
        this.#said = undefined;
        this.#io.doing(report);
      },
      onEnded: (ended) => this.#end(ended),
      onFailed: (detail) => this.#lost(detail, 1),
      onExit: (exitCode) => {
        if (!this.#ended) this.#lost(exited(exitCode), exitCode);
        else if (this.#ended.exitCode === 0) this.#ended = { ...this.#ended, exitCode };
      },
    });
  }

  /** Somebody wants to know what the rank does. If its thread cannot say, this one does. */
  #ask(): void {
    this.#said?.();
    this.#said = afterPatience(ANSWER, () => this.#io.doing(undefined, Recorder.peek(this.#place)));
    this.#thread?.post({ type: "ask" });
  }

  /** The rank's program has ended. What it says afterwards counts only if it went wrong after all. */
  #end(end: HostEnd): void {
    if (this.#ended && (!this.#ended.ending.ok || end.ending.ok)) return;
    this.#ended = end;
    if (this.#over || this.#verdict !== undefined) this.#concluded();
    else if (!end.ending.ok) {
      // It has told the others itself, unless what it would have told them with is broken.
      this.#unheard = afterPatience(GRACE, () => this.#io.gone(`failed: ${end.ending.error?.message}`));
    }
  }

  /** The thread is gone without a word. */
  #lost(detail: string, exitCode: number): void {
    if (!this.#ended) this.#io.gone(detail);
    this.#end(lostEnding(this.#options.io.rank, detail, exitCode));
  }

  #judged(message: string): void {
    this.#verdict ??= message;
    if (this.#ended) this.#concluded();
    else afterPatience(GRACE, () => this.#concluded());
  }

  #concluded(): void {
    const message = this.#verdict ?? "The job ended before its program did.";
    const ending = lostRank(this.#options.io.rank, message, true);
    this.#finish(this.#ended ?? { type: "ended", ending, exitCode: 0, records: noRecords });
  }
}
