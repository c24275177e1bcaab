/**
 * Hosts one rank in a process of its own: the office in this thread, the program in a
 * worker, from joining the job to the end of both.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import { MAX_MEMORY, SharedMemory } from "../../../platform/memory.ts";
import { nodePlatform } from "../../../platform/node.ts";
import { afterPatience } from "../../../platform/patience.ts";
import { Recorder } from "../../../world/recorder.ts";
import type { Ending } from "../../rank.ts";
import type { Shown } from "../../show.ts";
import { openedBlas } from "../blas/choice.ts";
import { noRecords, type ProgramStart, type WorkerMessage, type WorkerReply, type WorkerStart } from "../protocol.ts";
import { workerFile } from "../worker-file.ts";
import { type OfficeMail, type OfficeOptions, RankOffice } from "./office.ts";
import type { WorkerMail } from "./worker-office.ts";

/** After a verdict, a program gets so long to end by itself. */
const GRACE = 1200;
/** Milliseconds that the rank's thread has to say what it does. */
const ANSWER = 250;

export interface HostOptions {
  readonly office: OfficeOptions;
  readonly program: ProgramStart;
  /** Number of this rank among those of its host. */
  readonly localRank: number;
  readonly restarts: number;
  /** Bytes of device memory of this rank. */
  readonly memory?: number;
}

/** How a hosted rank ended. */
export type HostEnd = Extract<WorkerMessage, { type: "ended" }> & {
  /** The job's account of its failure, if it failed. */
  readonly verdict?: string;
};

export class RankHost {
  readonly #options: HostOptions;
  readonly #office: RankOffice;
  readonly #onShown: (shown: Shown) => void;
  #worker: Worker | undefined;
  #ended: HostEnd | undefined;
  #verdict: string | undefined;
  #over = false;
  #finish!: (end: HostEnd) => void;
  /** Where the rank's operations are recorded. */
  readonly #place = { memory: new SharedArrayBuffer(Recorder.bytes), offset: 0 };
  /** What has come from the rank's thread besides. */
  #news = 0;
  /** Ends the wait for what the rank's thread says that it does. */
  #said: (() => void) | undefined;

  constructor(options: HostOptions, onShown: (shown: Shown) => void) {
    this.#options = options;
    this.#onShown = onShown;
    this.#office = new RankOffice(options.office);
    this.#office.moved = () => this.#news + Recorder.peek(this.#place).moved;
    this.#office.onAsk = () => this.#ask();
  }

  /** @throws JoinError when the job cannot be joined; a failing program gives an ending instead. */
  async run(): Promise<HostEnd> {
    const over = new Promise<HostEnd>((resolve) => {
      this.#finish = resolve;
    });
    const early: OfficeMail[] = []; // peers may call before this rank's thread exists
    this.#office.onMail = (mail) => void early.push(mail);
    try {
      const { members, table } = await this.#office.join();
      const { onlyTcp = false } = this.#options.office;
      const here = members.filter(({ place }) => place.host === this.#options.office.host).length;
      const { port1, port2 } = new MessageChannel();
      const letters = new Int32Array(new SharedArrayBuffer(4));
      const post = (mail: OfficeMail): void => {
        Atomics.add(letters, 0, 1);
        port1.postMessage(mail);
        if (mail.type === "verdict") this.#judged(mail.message);
      };
      this.#office.onMail = post;
      this.#office.onOver = () => {
        this.#over = true;
        if (this.#ended) this.#concluded(); // else the program's last words are on their way
      };
      port1.on("message", (mail: WorkerMail) => {
        if (mail.type === "told") this.#office.told(mail.message);
        else this.#office.finish(mail.id, mail.fd, mail.bytes);
      });
      await this.#start({ port: port2, letters, crowded: here > nodePlatform.cores, members, onlyTcp }, table);
      for (const mail of early.splice(0)) post(mail);
      const end = await over;
      port1.close();
      return { ...end, verdict: this.#verdict };
    } finally {
      this.#said?.();
      this.#office.close();
      await this.#worker?.terminate();
    }
  }

  /** Ends this rank at once, and with it the job. */
  stop(detail: string): void {
    this.#office.gone(detail);
  }

  async #start(tcp: NonNullable<WorkerStart["tcp"]>, table: WorkerStart["table"]): Promise<void> {
    const { office, program, memory: bytes = MAX_MEMORY, localRank, restarts } = this.#options;
    const { rank, size } = office;
    const memory = SharedMemory.create(bytes);
    const env = { LOCAL_RANK: String(localRank), WORLDSIZE_RESTART_COUNT: String(restarts) };
    const data: WorkerStart = {
      ...program,
      transport: "tcp",
      rank,
      size,
      memory: memory.wasm,
      limit: memory.limit,
      quota: memory.limit,
      kernels: await nodePlatform.loadKernels(),
      control: undefined,
      table,
      env,
      blas: await openedBlas(),
      records: this.#place.memory,
      tcp,
    };
    const worker = new Worker(workerFile(), { workerData: data, transferList: [tcp.port], name: `rank ${rank}` });
    this.#worker = worker;
    const moved = (): void => void this.#news++;
    worker.stdout.on("data", moved); // what it prints goes its way besides
    worker.stderr.on("data", moved);
    worker.on("message", (message: WorkerMessage) => {
      if (message.type === "doing") {
        this.#said?.();
        this.#said = undefined;
        this.#office.doing(message.reports[0]);
        return;
      }
      moved();
      if (message.type === "shown") this.#onShown(message.shown);
      else if (message.type === "store") this.#office.store(message.id, message.oldest, message.call);
      else this.#end(message);
    });
    worker.on("error", (error) => this.#lost(`${error.name}: ${error.message}`));
    worker.on("exit", (code) =>
      this.#lost(`its thread ended by itself with exit code ${code} (process.exit in the program?)`),
    );
  }

  /** Somebody wants to know what the rank does. If its thread cannot say, this one does. */
  #ask(): void {
    this.#said?.();
    this.#said = afterPatience(ANSWER, () => this.#office.doing(undefined, Recorder.peek(this.#place)));
    this.#worker?.postMessage({ type: "ask" } satisfies WorkerReply);
  }

  #end(end: HostEnd): void {
    this.#ended ??= end;
    if (this.#over || this.#verdict !== undefined) this.#concluded();
  }

  /** The thread is gone without a word. */
  #lost(reason: string): void {
    if (this.#ended) return;
    this.#office.gone(`failed: ${reason}`);
    const ending: Ending = {
      rank: this.#options.office.rank,
      ok: false,
      error: { message: reason, stack: reason, echo: false },
    };
    this.#end({ type: "ended", ending, records: noRecords });
  }

  #judged(message: string): void {
    this.#verdict ??= message;
    if (this.#ended) this.#concluded();
    else setTimeout(() => this.#concluded(), GRACE);
  }

  #concluded(): void {
    const { rank } = this.#options.office;
    const message = this.#verdict ?? "the job ended before its program did";
    const ending: Ending = { rank, ok: false, error: { message, stack: message, echo: true } };
    this.#finish(this.#ended ?? { type: "ended", ending, records: noRecords });
  }
}
