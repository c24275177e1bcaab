/** What `run`, `launch` and `join` do with a job besides running it: print what it shows, and say how it ended. */
import { basename } from "node:path";
import pc from "picocolors";
import { type PageItem, pageOf } from "../draw/page.ts";
import type { JobFailure, JobResult } from "../job/node/job.ts";
import { PrintDecoder, type PrintStream } from "../job/output.ts";
import { checkWritable, writeWhole } from "../platform/node/files.ts";
import type { Shown, TimelineLane } from "../script/index.ts";
import { toPerfetto } from "../trace/perfetto.ts";
import { visible, visibleLines } from "../trace/text.ts";
import { dumpFlight } from "./flight.ts";
import { Live } from "./live.ts";
import type { Loaded } from "./load.ts";
import type { Output } from "./output.ts";
import type { ProgramFlags } from "./program-flags.ts";
import { renderShown, timeline } from "./render.ts";
import { UsageError } from "./scripts.ts";

/** Exit code when what the reader asked for could not be written. */
const UNWRITTEN = 2;

/** Shows one job to whoever started it: in the terminal, as JSON lines, as a page, as a trace. */
export class Presenter {
  readonly #flags: ProgramFlags;
  readonly #loaded: Loaded;
  readonly #ranks: number;
  readonly #output: Output;
  readonly #stop: AbortController;
  readonly #live: Live;
  readonly #items: PageItem[] = [];
  readonly #decoder = new PrintDecoder();

  /**
   * @param ranks of the whole world.
   * @param interrupted given when somebody stops the job.
   */
  constructor(flags: ProgramFlags, loaded: Loaded, ranks: number, output: Output, interrupted: AbortSignal) {
    this.#flags = flags;
    this.#loaded = loaded;
    this.#ranks = ranks;
    this.#output = output;
    this.#live = new Live(output);
    this.#stop = new AbortController();
    if (interrupted.aborted) this.#stop.abort(interrupted.reason);
    interrupted.addEventListener("abort", () => this.#stop.abort(interrupted.reason));
    output.free();
    output.whenBroken(() => this.#stop.abort());
    // Better now than when the job has run.
    for (const what of ["page", "trace"] as const) {
      const file = flags[what];
      try {
        if (file !== undefined) checkWritable(file);
      } catch (error) {
        throw new UsageError(unwritten(what, file as string, error));
      }
    }
  }

  /** Ends the job: somebody has stopped it, or nobody can read what it shows. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Keeps what a rank shows for the page, if there is to be one. */
  keep(rank: number, shown: Shown): void {
    if (this.#flags.page === undefined || shown?.kind === "status") return;
    const last = this.#items.at(-1);
    if (shown?.kind === "write" && last?.rank === rank && last.shown.kind === "write") {
      const text = last.shown.text + shown.text;
      this.#items.splice(-1, 1, { rank, shown: { kind: "write", text } });
    } else this.#items.push({ rank, shown });
  }

  /** What a rank shows, as lines; one that says why if it cannot be drawn. */
  lines(rank: number, shown: Shown): string[] {
    try {
      return this.#flags.json
        ? [JSON.stringify({ rank, ...shown })]
        : renderShown(rank, shown, this.#ranks, this.#flags.ansi);
    } catch (error) {
      this.#output.write(
        `rank ${rank} showed a ${shown?.kind} that cannot be drawn: ${visibleLines(String(error))}\n`,
        "stderr",
      );
      return [];
    }
  }

  /** Prints what a rank shows, as text or JSON. */
  readonly show = (rank: number, shown: Shown): void => {
    this.keep(rank, shown);
    const json = this.#flags.json === true;
    if (shown?.kind === "write" && !json) {
      this.#live.write(rank, this.#seen(String(shown.text)), this.#ranks);
      return;
    }
    const lines = this.lines(rank, shown);
    if (lines.length === 0) return;
    if (shown.kind === "status" && !json) this.#live.status(lines[0]);
    else this.#live.lines(lines);
  };

  /** Prints that nothing moves, and who waits for what. */
  readonly silence = (text: string): void => {
    if (this.#flags.json) this.#output.write(`${JSON.stringify({ kind: "waiting", text })}\n`);
    else this.#output.write(`${pc.yellow(this.#seen(text))}\n`, "stderr");
  };

  /** Prints what a rank printed. */
  readonly print = (rank: number, stream: PrintStream, text: string | Uint8Array): void => {
    this.#live.end();
    const obeyed = this.#flags.ansi || !process[stream].isTTY;
    this.#output.write(obeyed ? text : visible(this.#decoder.textOf(rank, stream, text)), stream);
  };

  /** Whether what was shown so far has been taken. */
  readonly taken = (): Promise<unknown> | undefined => this.#output.taken();

  /** Prints how a job ended. @param here ranks that were started here. @returns the exit code. */
  conclude(result: JobResult, here = this.#ranks): number {
    const { trace, timeline: drawn, page, json = false } = this.#flags;
    const { file } = this.#loaded.program;
    this.#live.end();
    const stopped = this.#stop.signal.aborted;
    if (this.#output.broken) return this.#unread(result, file);
    if (!result.ok && !stopped) this.#reportFailure(result, result.failure, file, json);
    else if (result.exitCode !== 0 && !stopped) this.#reportCode(result, json);
    let code = stopped ? Number(this.#stop.signal.reason) : result.exitCode;
    const attempt = (what: string, body: () => void): void => {
      try {
        body();
      } catch (error) {
        const why = error instanceof UsageError ? error.message : `The ${what} could not be made: ${String(error)}`;
        this.#output.write(`${pc.red("worldsize:")} ${visibleLines(why)}\n`, "stderr");
        code ||= UNWRITTEN;
      }
    };
    if (drawn && !stopped) {
      attempt("timeline", () => {
        const lanes = lanesOf(result);
        const shown = { kind: "timeline", title: "All ranks", lanes } as const;
        const lines = json ? [JSON.stringify(shown)] : timeline(lanes);
        this.#output.write(`${lines.join("\n")}\n`);
        this.keep(0, shown);
      });
    }
    if (page !== undefined) {
      attempt("page", () => {
        const text = pageOf(basename(file, ".ts"), this.#loaded.script.about, this.#items);
        this.#write("page", page, text, "");
      });
    }
    if (stopped) this.#output.write(`\nStopped; all ${here} ranks are gone.\n`, "stderr");
    else if (trace) {
      attempt("trace", () => {
        const text = toPerfetto(result.records.map(({ spans }) => spans));
        this.#write("trace", trace, text, "; open it at https://ui.perfetto.dev");
      });
    }
    return code;
  }

  /** Writes a file that a flag asked for. @throws UsageError when that cannot be done. */
  #write(what: "page" | "trace", place: string, text: string, advice: string): void {
    try {
      writeWhole(place, text);
    } catch (error) {
      throw new UsageError(unwritten(what, place, error));
    }
    this.#output.write(`${what === "page" ? "Page" : "Trace"} written to ${place}${advice}.\n`, "stderr");
  }

  /** Nobody reads what the job shows any more, or it cannot be written: only a failure of its own is reported. */
  #unread(result: JobResult, file: string): number {
    if (result.ok || result.failure.rank < 0) return 0;
    this.#reportFailure(result, result.failure, file, false);
    return result.exitCode;
  }

  #reportFailure({ records }: JobResult, failure: JobFailure, file: string, json: boolean): void {
    let recorder: string | undefined;
    let lost = "";
    try {
      recorder = dumpFlight(records.map(({ flight }) => flight));
    } catch (error) {
      lost = (error as Error).message; // a full disk does not hide the failure itself
    }
    if (json) {
      this.#output.write(`${JSON.stringify({ kind: "failure", ...failure, recorder })}\n`);
      return;
    }
    const who = failure.rank >= 0 ? `rank ${failure.rank} failed in ${file}` : `The job failed in ${file}`;
    const what = failure.rank >= 0 ? failure.stack : failure.message;
    this.#output.write(`\n${pc.red(`${visibleLines(who)}:`)}\n${this.#seen(what)}\n`, "stderr");
    if (recorder) this.#output.write(pc.dim(`The last operations of each rank: ${recorder}\n`), "stderr");
    if (lost) this.#output.write(pc.dim(`The last operations of each rank could not be written: ${lost}\n`), "stderr");
  }

  /** Words of a program's, as the terminal may have them. */
  #seen(text: string): string {
    return this.#flags.ansi ? text : visibleLines(text);
  }

  /** All ranks finished without an error, and one has set an exit code. */
  #reportCode({ exitCode }: JobResult, json: boolean): void {
    if (json) this.#output.write(`${JSON.stringify({ kind: "exit", exitCode })}\n`);
    else this.#output.write(pc.dim(`The ranks finished without an error, with exit code ${exitCode}.\n`), "stderr");
  }
}

/** A lane for everything each rank did. */
function lanesOf({ records }: JobResult): TimelineLane[] {
  const lanes = records.flatMap(({ spans: own }, rank) =>
    (["host", "device", "comm"] as const).map((lane) => ({
      name: `rank ${rank} ${lane}`,
      spans: own.filter((span) => span.lane === lane),
    })),
  );
  return lanes.filter((lane) => lane.spans.length > 0);
}

function unwritten(what: string, file: string, error: unknown): string {
  return `The ${what} could not be written to ${file}: ${(error as Error).message}.`;
}
