/** What `run`, `launch` and `join` do with a job besides running it: print what it shows, and say how it ended. */
import { basename } from "node:path";
import pc from "picocolors";
import { type PageItem, pageOf } from "../draw/page.ts";
import { checkWritable, writeWhole } from "../platform/node-files.ts";
import type { Shown, TimelineLane } from "../script/index.ts";
import type { JobResult } from "../script/node/job.ts";
import { toPerfetto } from "../trace/perfetto.ts";
import { dumpFlight } from "./flight.ts";
import type { Loaded, ProgramFlags } from "./program-flags.ts";
import { renderShown, timeline } from "./render.ts";
import { UsageError } from "./scripts.ts";

/** Exit codes: the program failed; it did not, but a file could not be written; Ctrl-C. */
const FAILED = 1;
const UNWRITTEN = 2;
const INTERRUPTED = 130;

/** Shows one job to whoever started it: in the terminal, as JSON lines, as a page, as a trace. */
export class Presenter {
  readonly #flags: ProgramFlags;
  readonly #loaded: Loaded;
  readonly #ranks: number;
  readonly #items: PageItem[] = [];

  /** @param ranks of the whole world. */
  constructor(flags: ProgramFlags, loaded: Loaded, ranks: number) {
    this.#flags = flags;
    this.#loaded = loaded;
    this.#ranks = ranks;
    // A pager that is not read from must not hold up this thread, which keeps the job's
    // coordinator: what it does not take yet waits here.
    const { _handle: pipe } = process.stdout as { _handle?: { setBlocking?(on: boolean): void } };
    pipe?.setBlocking?.(false);
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

  /** Keeps what a rank shows for the page, if there is to be one. */
  keep(rank: number, shown: Shown): void {
    if (this.#flags.page !== undefined) this.#items.push({ rank, shown });
  }

  /** Prints what a rank shows, as text or JSON. */
  readonly show = (rank: number, shown: Shown): void => {
    const { json } = this.#flags;
    this.keep(rank, shown);
    const lines = json ? [JSON.stringify({ rank, ...shown })] : renderShown(rank, shown, this.#ranks);
    process.stdout.write(`${lines.join("\n")}\n`);
  };

  /**
   * Prints how a job ended, the failure first: whatever goes wrong with the files does not hide it.
   * @param here ranks that were started here. @returns the exit code.
   */
  conclude(result: JobResult, stopped: boolean, here = this.#ranks): number {
    const { timeline: drawn, json = false } = this.#flags;
    const { file } = this.#loaded.program;
    if (!stopped && !result.ok) reportFailure(result, file, json);
    if (drawn && !stopped) {
      const lanes = lanesOf(result);
      process.stdout.write(`${timeline(lanes).join("\n")}\n`);
      this.keep(0, { kind: "timeline", title: "All ranks", lanes });
    }
    const page = (): string => pageOf(basename(file, ".ts"), this.#loaded.script.about, this.#items);
    let whole = this.#write("page", page, "");
    if (stopped) {
      process.stderr.write(`\nStopped; all ${here} ranks are gone.\n`);
      return INTERRUPTED;
    }
    const trace = (): string => toPerfetto(result.records.map(({ spans }) => spans));
    whole = this.#write("trace", trace, "; open it at https://ui.perfetto.dev") && whole;
    if (!result.ok) return FAILED;
    return whole ? 0 : UNWRITTEN;
  }

  /** Writes a file that a flag asked for. @returns whether it is there now, or nobody asked. */
  #write(what: "page" | "trace", make: () => string, advice: string): boolean {
    const place = this.#flags[what];
    if (place === undefined) return true;
    try {
      writeWhole(place, make());
      process.stderr.write(`${what === "page" ? "Page" : "Trace"} written to ${place}${advice}.\n`);
      return true;
    } catch (error) {
      process.stderr.write(`${unwritten(what, place, error)}\n`);
      return false;
    }
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

function reportFailure({ failure, records }: JobResult, file: string, json: boolean): void {
  let recorder: string | undefined;
  let lost = "";
  try {
    recorder = dumpFlight(records.map(({ flight }) => flight));
  } catch (error) {
    lost = (error as Error).message; // a full disk does not hide the failure itself
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ kind: "failure", ...failure, recorder })}\n`);
    return;
  }
  const who = failure && failure.rank >= 0 ? `rank ${failure.rank} failed in ${file}` : `The job failed in ${file}`;
  process.stderr.write(`\n${pc.red(`${who}:`)}\n${failure && failure.rank >= 0 ? failure.stack : failure?.message}\n`);
  if (recorder) process.stderr.write(pc.dim(`The last operations of each rank: ${recorder}\n`));
  if (lost) process.stderr.write(pc.dim(`The last operations of each rank could not be written: ${lost}\n`));
}
