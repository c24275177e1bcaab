/**
 * The thread of a rank, or of all ranks of a local world, as whoever starts it sees it: hands
 * on what it says, and believes its end only when everything it printed has come.
 */
import { Silence } from "../platform/patience.ts";
import type { Thread } from "../platform/threads.ts";
import { lostRank } from "../script/rank.ts";
import { cut } from "../trace/text.ts";
import type { Report } from "../world/core/report.ts";
import type { ThreadKit } from "./kit.ts";
import { giveCredit, type Output, outputWord } from "./output.ts";
import { movedBy, noRecords, type RankMessage, type RankReply, type RankStart } from "./start.ts";

/** Milliseconds: a thread that has been asked to end and says nothing for so long is ended. */
const PATIENCE = 500;
/** Milliseconds between two looks. */
const LOOK = 20;

export type Ended = Extract<RankMessage, { type: "ended" }>;

export interface RankThreadHandlers {
  onOutput(output: Output): void;
  onStore(message: Extract<RankMessage, { type: "store" }>): void;
  /** Its ranks say what they are doing, as they were asked. @param time on the clock of all threads. */
  onDoing(reports: readonly Report[], time: number): void;
  /** A rank's program has ended. */
  onEnded(ended: Ended): void;
  /** Something threw that no rank caught; the thread ends. @param detail for messages: `failed: …`. */
  onFailed(detail: string): void;
  /** The thread has ended by itself, and all that it said has come. */
  onExit(exitCode: number): void;
}

export class RankThread {
  readonly #thread: Thread<RankReply>;
  readonly #word = outputWord();
  #gone = false;
  #killed = false;
  readonly #silence = new Silence();

  constructor(kit: ThreadKit, start: Omit<RankStart, "output">, handlers: RankThreadHandlers) {
    const data: RankStart = { ...start, output: this.#word };
    this.#thread = kit.spawn<RankReply, RankMessage>(start.settings.locked ? "locked rank" : "rank", data, {
      name: `rank ${start.rank}`,
      transfer: movedBy(start),
      onMessage: (message) => {
        this.#silence.heard();
        if (message.type === "store") handlers.onStore(message);
        else if (message.type === "doing") handlers.onDoing(message.reports, message.time);
        else if (message.type === "ended") handlers.onEnded(message);
        else handlers.onOutput(message);
      },
    });
    void this.#thread.ended.then(({ error, exitCode }) => {
      this.#gone = true;
      if (error !== undefined) handlers.onFailed(`failed: ${wordsOfLoss(error)}`);
      if (!this.#killed) handlers.onExit(exitCode);
    });
  }

  post(reply: RankReply): void {
    this.#thread.post(reply);
  }

  /** `bytes` of its output have been taken. */
  credit(bytes: number): void {
    giveCredit(this.#word, bytes);
  }

  /** Lets the thread end, now that its ranks have; it may print to the last, however slowly that is read. */
  async leave(): Promise<void> {
    this.post({ type: "over" });
    this.#silence.heard();
    while (!this.#gone && (Atomics.load(this.#word, 0) > 0 || this.#silence.look() < PATIENCE)) {
      await Promise.race([this.#thread.ended, new Promise((resolve) => setTimeout(resolve, LOOK))]);
    }
    await this.kill();
  }

  /** Ends the thread, whatever it does. What it said before still comes. */
  async kill(): Promise<void> {
    this.#killed = true;
    await this.#thread.kill();
  }
}

/** What a rank did whose thread ended by itself. */
export function exited(exitCode: number): string {
  return `called process.exit(${exitCode}) before its program had ended`;
}

/** The ending of a rank whose thread is gone. */
export function lostEnding(rank: number, detail: string, exitCode: number): Ended {
  return { type: "ended", ending: lostRank(rank, `rank ${rank} ${detail}.`), exitCode, records: noRecords };
}

function wordsOfLoss(error: unknown): string {
  const { name = "Error", message = "" } = (error ?? {}) as Partial<Error>;
  return cut(`${name}: ${message}`, 4000);
}
