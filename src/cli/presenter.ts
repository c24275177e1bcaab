/** What `run`, `launch` and `join` do with a job besides running it: print what it shows, and say how it ended. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import pc from "picocolors";
import { type PageItem, pageOf } from "../draw/page.ts";
import type { Shown, TimelineLane } from "../script/index.ts";
import type { JobResult } from "../script/node/job.ts";
import { toPerfetto } from "../trace/perfetto.ts";
import type { FlightRecord } from "../world/recorder.ts";
import type { Loaded, ProgramFlags } from "./program-flags.ts";
import { renderShown, timeline } from "./render.ts";
import { UsageError } from "./scripts.ts";

/** Exit codes: the program failed, Ctrl-C. */
const FAILED = 1;
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
    if (flags.page !== undefined) write("page", flags.page, ""); // better now than when the job has run
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

  /** Prints that nothing moves, and who waits for what. */
  readonly silence = (text: string): void => {
    if (this.#flags.json) process.stdout.write(`${JSON.stringify({ kind: "waiting", text })}\n`);
    else process.stderr.write(`${pc.yellow(text)}\n`);
  };

  /** Prints how a job ended. @param here ranks that were started here. @returns the exit code. */
  conclude(result: JobResult, stopped: boolean, here = this.#ranks): number {
    const { trace, timeline: drawn, page, json = false } = this.#flags;
    const { file } = this.#loaded.program;
    if (drawn && !stopped) {
      const lanes = lanesOf(result);
      process.stdout.write(`${timeline(lanes).join("\n")}\n`);
      this.keep(0, { kind: "timeline", title: "All ranks", lanes });
    }
    if (page !== undefined) {
      write("page", page, pageOf(basename(file, ".ts"), this.#loaded.script.about, this.#items));
      process.stderr.write(`Page written to ${page}.\n`);
    }
    if (stopped) {
      process.stderr.write(`\nStopped; all ${here} ranks are gone.\n`);
      return INTERRUPTED;
    }
    if (trace) {
      write("trace", trace, toPerfetto(result.records.map(({ spans }) => spans)));
      process.stderr.write(`Trace written to ${trace}; open it at https://ui.perfetto.dev.\n`);
    }
    if (result.ok) return 0;
    reportFailure(result, file, json);
    return FAILED;
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

/** @throws UsageError when the file cannot be written. */
function write(what: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`The ${what} could not be written to ${file}: ${(error as Error).message}.`);
  }
}

function reportFailure({ failure, records }: JobResult, file: string, json: boolean): void {
  const recorder = dumpFlight(records.map(({ flight }) => flight));
  if (json) {
    process.stdout.write(`${JSON.stringify({ kind: "failure", ...failure, recorder })}\n`);
    return;
  }
  const who = failure && failure.rank >= 0 ? `rank ${failure.rank} failed in ${file}` : `The job failed in ${file}`;
  process.stderr.write(`\n${pc.red(`${who}:`)}\n${failure && failure.rank >= 0 ? failure.stack : failure?.message}\n`);
  if (recorder) process.stderr.write(pc.dim(`The last operations of each rank: ${recorder}\n`));
}

/** Writes the flight recorders of a failed job into a new folder. @returns its path, or undefined if nothing was recorded. */
function dumpFlight(flight: readonly (readonly FlightRecord[])[]): string | undefined {
  if (flight.every((records) => records.length === 0)) return undefined;
  try {
    const folder = mkdtempSync(join(tmpdir(), "worldsize-flight-"));
    flight.forEach((records, rank) => {
      writeFileSync(
        join(folder, `rank-${rank}.jsonl`),
        records.map((record) => `${JSON.stringify(record)}\n`).join(""),
      );
    });
    return folder;
  } catch {
    return undefined; // a full disk must not hide the failure itself
  }
}
