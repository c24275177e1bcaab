/**
 * `worldsize bench serve`: load for a server, and what its answers took. By itself it starts our server with the model that ships.
 * Two sides, such as a prefix cache and none, are measured in turns: what the machine does besides meets both.
 */
import { setMaxListeners } from "node:events";
import { availableParallelism, cpus } from "node:os";
import { interruptible } from "../../program-flags.ts";
import type { Progress } from "../measure.ts";
import { type ServeFlags, serveFlags } from "./flags.ts";
import type { Measured } from "./measure.ts";
import { reportLines } from "./report.ts";
import { type Side, sidesOf } from "./sides.ts";

/** A side with all its rounds. */
interface SideRounds {
  readonly name: string;
  readonly rounds: readonly Measured[];
}

/** Runs `worldsize bench serve`. @returns the exit code: 1 where no request was answered. */
export async function benchServe(args: readonly string[]): Promise<number> {
  const flags = serveFlags(args);
  const progress: Progress = (text) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`));
  const signal = interruptible();
  setMaxListeners(0, signal); // every request in flight listens
  try {
    const { sides, remove } = await sidesOf(flags, progress, signal);
    const found = await inTurns(sides, flags.rounds, progress, signal).finally(remove);
    progress("");
    print(flags, flags.against ? found.reverse() : found); // a ratio is ours through theirs
    if (signal.aborted) return signal.reason as number;
    return found.some(({ rounds }) => rounds.some(({ metrics }) => metrics.completed > 0)) ? 0 : 1;
  } catch (error) {
    progress("");
    if (signal.aborted) return signal.reason as number; // before anything was measured
    throw error;
  }
}

/** Each side once per round, one after the other. */
async function inTurns(
  sides: readonly Side[],
  count: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<SideRounds[]> {
  const found = sides.map(({ name, measure }) => ({ name, measure, rounds: [] as Measured[] }));
  for (let round = 0; round < count; round++) {
    for (const { name, measure, rounds } of found) {
      if (signal.aborted) break;
      const which = sides.length > 1 ? `round ${round + 1} of ${count}, ${name}: ` : "";
      rounds.push(await measure((text) => progress(text && which + text)));
    }
  }
  return found.filter(({ rounds }) => rounds.length > 0);
}

function print(flags: ServeFlags, sides: readonly SideRounds[]): void {
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  if (flags.json) {
    for (const { name, rounds } of sides)
      for (const [i, each] of rounds.entries())
        write(JSON.stringify({ bench: "serve", side: name, round: i + 1, ...asked(flags), ...each }));
    return;
  }
  const best = sides.map(({ name, rounds }) => ({ name, ...bestOf(rounds) }));
  for (const line of heading(flags, best)) write(line);
  for (const line of reportLines(best)) write(line);
  if (flags.rounds > 1) for (const side of sides) write(spread(side));
  if (best.some(({ stopped }) => stopped)) write("stopped early: this is what was measured until then");
}

/** The round with the most output tokens per second. */
function bestOf(rounds: readonly Measured[]): Measured {
  return rounds.reduce((best, each) => (each.metrics.outputThroughput > best.metrics.outputThroughput ? each : best));
}

/** The output of all rounds of a side, in tokens per second. */
function spread({ name, rounds }: SideRounds): string {
  const values = rounds.map(({ metrics }) => metrics.outputThroughput).sort((a, b) => a - b);
  const median = (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2;
  const [best, middle] = [values[values.length - 1], median].map((value) => value.toPrecision(4));
  return `${name}: output tokens per s, best of ${values.length} rounds ${best} (shown), median ${middle}`;
}

/** The settings that a reader of JSON needs. */
function asked({ workload, rate, concurrency, seed, goodput }: ServeFlags): object {
  return { workload, rate: rate === Infinity ? "inf" : rate, concurrency, seed, goodput, machine: machine() };
}

function machine(): string {
  return `${availableParallelism()} × ${cpus()[0]?.model.trim()}, Node ${process.version}`;
}

function heading(flags: ServeFlags, sides: readonly (Measured & { name: string })[]): string[] {
  const { workload, concurrency, seed, against } = flags;
  const most = concurrency === undefined ? "" : `, at most ${concurrency} in flight`;
  const [{ prompts }] = sides;
  const what = `${workload}, ${often(flags)}${most}, prompts as ${prompts}, seed ${seed}`;
  const who = sides.map(({ name, model, url }) => (against ? `${name}: ${model}, ${url}` : `${model} at ${url}`));
  return [what, ...(against ? who : who.slice(0, 1)), machine(), ""];
}

/** When requests come, in words. */
function often({ workload, rate, ramp }: ServeFlags): string {
  if (ramp) return `${ramp.from} to ${ramp.to} per second`;
  if (workload === "trace") return "at the trace's times";
  return rate === Infinity ? "all at once" : `${rate} per second`;
}
