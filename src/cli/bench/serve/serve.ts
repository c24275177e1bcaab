/**
 * `worldsize bench serve`: load for a server, and what its answers took. By itself it starts our server with the model that ships;
 * with `--radix both` one with a prefix cache and one without, in turns.
 */
import { availableParallelism, cpus } from "node:os";
import { interruptible } from "../../program-flags.ts";
import type { Progress } from "../measure.ts";
import { serveCommand, startServer } from "./child.ts";
import { type ServeFlags, serveFlags } from "./flags.ts";
import { type Measured, measureServer } from "./measure.ts";
import { reportLines } from "./report.ts";

/** A way to serve that is measured. */
interface Side {
  readonly name: string;
  readonly command: readonly string[];
}

/** Runs `worldsize bench serve`. @returns the exit code: 1 where no request was answered. */
export async function benchServe(args: readonly string[]): Promise<number> {
  const flags = serveFlags(args);
  const progress: Progress = (text) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`));
  const signal = interruptible();
  const sides = sidesOf(flags);
  try {
    const found = flags.url
      ? [[await measureServer(flags.url, flags, progress, signal)]]
      : await inTurns(sides, flags, progress, signal);
    progress("");
    print(flags, sides, found);
    if (signal.aborted) return signal.reason as number;
    return found.flat().some(({ metrics }) => metrics.completed > 0) ? 0 : 1;
  } catch (error) {
    progress("");
    if (signal.aborted) return signal.reason as number; // before anything was measured
    throw error;
  }
}

/** The servers that are started. */
function sidesOf({ radix, serverFlags }: ServeFlags): Side[] {
  const off = { name: "radix off", command: serveCommand([...serverFlags, "--no-prefix-cache"]) };
  const on = { name: "radix on", command: serveCommand(serverFlags) };
  return { on: [on], off: [off], both: [off, on] }[radix];
}

/** Each side once per round, one after the other: what the machine does besides meets both. @returns rounds of sides. */
async function inTurns(
  sides: readonly Side[],
  flags: ServeFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<Measured[][]> {
  const rounds: Measured[][] = [];
  for (let round = 0; round < flags.rounds && !signal.aborted; round++) {
    const measured: Measured[] = [];
    for (const { name, command } of sides) {
      const which = sides.length > 1 ? `round ${round + 1} of ${flags.rounds}, ${name}: ` : "";
      progress(`${which}starting the server`);
      const server = await startServer(command, signal);
      try {
        measured.push(await measureServer(server.url, flags, (text) => progress(text && which + text), signal));
      } finally {
        await server.stop();
      }
      if (signal.aborted) break;
    }
    rounds.push(measured);
  }
  return rounds;
}

function print(flags: ServeFlags, sides: readonly Side[], rounds: readonly (readonly Measured[])[]): void {
  const names = flags.url ? ["this server"] : sides.map(({ name }) => name);
  const best = names.flatMap((name, i) => {
    const side = rounds.flatMap((round) => round[i] ?? []);
    return side.length > 0 ? [{ name, side, ...bestOf(side) }] : [];
  });
  if (flags.json) {
    for (const { name, side } of best)
      for (const [i, each] of side.entries())
        process.stdout.write(
          `${JSON.stringify({ bench: "serve", side: name, round: i + 1, ...asked(flags), ...each })}\n`,
        );
    return;
  }
  for (const line of heading(flags, best[0])) process.stdout.write(`${line}\n`);
  process.stdout.write(`${reportLines(best).join("\n")}\n`);
  if (flags.rounds > 1) for (const { name, side } of best) process.stdout.write(`${spread(name, side)}\n`);
  if (best.some(({ stopped }) => stopped))
    process.stdout.write("stopped early: this is what was measured until then\n");
}

/** The round with the most output tokens per second. */
export function bestOf(side: readonly Measured[]): Measured {
  return side.reduce((best, each) => (each.metrics.outputThroughput > best.metrics.outputThroughput ? each : best));
}

/** The output of all rounds of a side, in tokens per second. */
function spread(name: string, side: readonly Measured[]): string {
  const values = side.map(({ metrics }) => metrics.outputThroughput).sort((a, b) => a - b);
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

function heading(flags: ServeFlags, { url, model, prompts }: Measured): string[] {
  const { workload, rate, ramp, concurrency, seed } = flags;
  const often = ramp
    ? `${ramp.from} to ${ramp.to} per second`
    : workload === "trace"
      ? "at the trace's times"
      : rate === Infinity
        ? "all at once"
        : `${rate} per second`;
  const most = concurrency === undefined ? "" : `, at most ${concurrency} in flight`;
  return [`${workload}, ${often}${most}, prompts as ${prompts}, seed ${seed}`, `${model} at ${url}`, machine(), ""];
}
