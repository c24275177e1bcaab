/**
 * Checks an answer: runs it at each world size, first in one thread with turns in order,
 * then under seeded interleavings, then on the exercise's other transports, and lets the
 * exercise judge every run. The first failure is the smallest, because sizes grow.
 */
import { randomBytes, randomInt } from "node:crypto";
import { dirname, join } from "node:path";
import { CompileError, compileProgram, type Program } from "../../job/node/compile.ts";
import { type JobResult, runJob } from "../../job/node/job.ts";
import { readyThreads } from "../../job/node/node-kit.ts";
import { afterPatience } from "../../platform/patience.ts";
import type { Shown } from "../../script/index.ts";
import { noTraffic, parseLink, type RankTraffic } from "../../world/index.ts";
import type { Exercise } from "../define.ts";
import type { Said } from "../harness.ts";
import { isWrong, Outcome, type RunSettings } from "../outcome.ts";
import { unpackReport } from "../report.ts";
import { compileAnswer } from "./compile-answer.ts";
import { endless, failureWords, mayGoOn } from "./failure-words.ts";
import { boundCost, type Cost, costOf, type Marks, markedRun } from "./marks.ts";
import { Printed } from "./printed.ts";

/** What a run's answer printed, by rank: lines of text. */
interface WithPrinted {
  readonly printed?: readonly (readonly string[])[];
}

export type Verdict = WithPrinted & Judged;

type Judged =
  | { readonly verdict: "passed"; readonly runs: number; readonly marks?: Marks }
  | {
      readonly verdict: "failed";
      /** What does not hold: a few words. */
      readonly property: string;
      readonly message: string;
      readonly settings: RunSettings;
      /** Whether the answer is run on several ranks at all, or is functions that one rank calls. */
      readonly isDistributed: boolean;
      /** Of the whole check, to repeat it. */
      readonly seed?: number;
      /** What every rank did in the failing run. */
      readonly traffic: readonly RankTraffic[];
      readonly shown: readonly (readonly Shown[])[];
    }
  | { readonly verdict: "could not run"; readonly message: string };

export interface CheckOptions {
  /** Seeds inputs and interleavings; drawn anew if not given. */
  readonly seed?: number;
  /** Ends the check. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, all: number) => void;
  /** Hears what was recorded in each run. */
  readonly onTraffic?: (traffic: readonly RankTraffic[]) => void;
  /** Milliseconds after which a run that does not end is given up. */
  readonly patience?: number;
}

/** Milliseconds. An endless loop cannot be told from a long one; no exercise needs a tenth of this. */
const PATIENCE = 20_000;
/** Milliseconds without any move after which ranks that do not compute will never go on. */
const SILENCE = 3000;

/** Elements of each tensor that are kept with what a rank does. */
const GLIMPSED = 16;

/** Larger worlds are run in one thread only: more threads than that show nothing new. */
export const MOST_THREADS = 3;

/** Loads the exercise in a file. @throws CompileError. */
export async function loadExercise(file: string): Promise<Exercise> {
  const program = await compileProgram(file);
  return ((await import(program.url)) as { default: Exercise }).default;
}

/** The runs of a check, in their order. */
export function planOf(exercise: Exercise, seed: number): RunSettings[] {
  const { worlds, transports = ["local", "shm"], interleavings = 2 } = exercise;
  const runs: RunSettings[] = [];
  const variants = new Map<number, number>();
  const add = (world: number, transport: RunSettings["transport"], interleaving?: number): void => {
    const variant = variants.get(world) ?? 0;
    variants.set(world, variant + 1);
    runs.push({ world, transport, interleaving, variant, seed: seed + 1009 * world + variant });
  };
  for (const world of worlds) {
    if (!transports.includes("local")) continue;
    add(world, "local");
    for (let i = 1; i <= interleavings; i++) add(world, "local", seed + i);
  }
  const threaded = transports.filter((transport) => transport !== "local");
  const small = worlds.filter((world) => world <= MOST_THREADS);
  for (const transport of threaded) for (const world of small) add(world, transport);
  return runs;
}

/** Checks an answer. @returns the first verdict that is no pass, or a pass. */
export async function check(exerciseFile: string, answer: string, options: CheckOptions = {}): Promise<Verdict> {
  const seed = options.seed ?? randomInt(1, 1_000_000);
  const exercise = await loadExercise(exerciseFile);
  let program: Program;
  try {
    program = await compileAnswer(exerciseFile, answer);
  } catch (error) {
    if (error instanceof CompileError) return { verdict: "could not run", message: error.message };
    throw error;
  }
  const plan = planOf(exercise, seed);
  let printed: WithPrinted["printed"];
  const marked = markedRun(plan);
  const threads = Math.max(0, ...plan.map(({ transport, world }) => (transport === "shm" ? world : 0)));
  let cost: Cost | undefined;
  for (const [done, settings] of plan.entries()) {
    options.onProgress?.(done, plan.length);
    const looked = settings === marked ? { onTraffic: (all: readonly RankTraffic[]) => (cost = costOf(all)) } : {};
    const verdict = await checkOnce(exercise, program, settings, { ...options, ...looked });
    if (verdict.verdict === "failed") return { ...verdict, seed };
    if (verdict.verdict !== "passed") return verdict;
    if (done === 0) readyThreads(threads); // most answers that fail do so at once, and need no more
    printed = verdict.printed;
    if (options.signal?.aborted) return { verdict: "could not run", message: "stopped" };
  }
  const marks = marked && cost && (await marksOf(exerciseFile, exercise, marked, cost, options));
  return { verdict: "passed", runs: plan.length, printed, marks };
}

/** The same run of our solution beside the answer's. */
async function marksOf(
  exerciseFile: string,
  exercise: Exercise,
  settings: RunSettings,
  answer: Cost,
  { signal }: CheckOptions,
): Promise<Marks | undefined> {
  const solution = await compileAnswer(exerciseFile, join(dirname(exerciseFile), "solution.ts"));
  let ours: Cost | undefined;
  const onTraffic = (all: readonly RankTraffic[]): void => void (ours = costOf(all));
  await checkOnce(exercise, solution, settings, { signal, onTraffic });
  const bound = exercise.bound?.(settings.world, settings.variant);
  return ours && { world: settings.world, answer, ours, ...(bound ? { bound: boundCost(bound) } : {}) };
}

/** One run of an answer, judged. */
export async function checkOnce(
  exercise: Exercise,
  program: Program,
  settings: RunSettings,
  options: CheckOptions = {},
): Promise<Verdict> {
  const run = await runOnce(exercise, program, settings, options);
  if ("message" in run) return { verdict: "could not run", message: run.message, printed: run.printed };
  const { result, reports, shown, printed } = run;
  const traffic = Array.from({ length: settings.world }, (_, rank) => result.records[rank]?.traffic ?? noTraffic);
  options.onTraffic?.(traffic);
  const fail = (property: string, message: string): Verdict => ({
    verdict: "failed",
    property,
    message,
    settings,
    isDistributed: exercise.worlds.some((world) => world > 1),
    traffic,
    shown,
    printed,
  });
  if (!result.ok) {
    const { rank = -1, message = "the job was stopped", stack = "" } = result.failure ?? {};
    const words = failureWords({ rank, message, stack }, program.path, settings.world);
    const given = /Deadlock|waits for|world has ranks|its own rank/.test(words) && exercise.given?.(settings, words);
    return fail("it runs to the end", given ? `${words} ${given}` : words);
  }
  try {
    exercise.judge(new Outcome(settings, reports, shown, traffic));
  } catch (error) {
    if (isWrong(error)) return fail(error.property, error.message);
    const { message = String(error) } = error as Error;
    const at = /exercise\.ts:\d+/.exec((error as Error).stack ?? "")?.[0] ?? "its exercise";
    return {
      verdict: "could not run",
      message: `the judge of ${exercise.number} could not handle what came back (${message}, ${at}); that is a fault of the exercise, not of the answer.`,
    };
  }
  return { verdict: "passed", runs: 1, printed };
}

function reportOf(said: Said | undefined): unknown {
  return said && "report" in said ? unpackReport(said.report) : undefined;
}

export interface Ran {
  readonly result: JobResult;
  readonly reports: readonly unknown[];
  readonly shown: readonly (readonly Shown[])[];
  readonly printed: readonly (readonly string[])[];
}

/** Runs an answer in its exercise. @returns what happened, or why nothing did. */
export async function runOnce(
  exercise: Exercise,
  program: Program,
  settings: RunSettings,
  options: CheckOptions = {},
): Promise<Ran | { message: string; printed?: readonly (readonly string[])[] }> {
  const { world, transport, seed, interleaving, variant } = settings;
  const word = randomBytes(16).toString("hex");
  const said: Said[] = [];
  const shown: Shown[][] = Array.from({ length: world }, () => []);
  const prints = new Printed(world);
  /** Who did what when nothing moved. */
  let quiet = "";
  const patience = options.patience ?? PATIENCE;
  const stop = new AbortController();
  const callOff = afterPatience(patience, () => stop.abort());
  const stopped = (): void => stop.abort();
  options.signal?.addEventListener("abort", stopped);
  try {
    const link = exercise.link && transport === "local" ? parseLink(exercise.link) : undefined;
    const result = await runJob({
      ...(link ? { clock: "virtual", link: { within: link, between: link } } : {}),
      program,
      ranks: world,
      transport,
      interleaving,
      recorded: true,
      glimpsed: GLIMPSED,
      locked: true,
      eager: exercise.eager,
      options: { word, caseSeed: seed, variant },
      signal: stop.signal,
      silence: SILENCE,
      onSilence: (text) => {
        quiet = text;
        if (!mayGoOn(text)) stop.abort();
      },
      onShown: (rank, what) => {
        if (what.kind === "line" && what.text.startsWith(word)) said[rank] = JSON.parse(what.text.slice(word.length));
        else shown[rank].push(what);
      },
      onPrinted: (rank, stream, text) => prints.take(rank, stream, text),
    });
    if (options.signal?.aborted) return { message: "stopped" };
    const printed = prints.lines();
    if (stop.signal.aborted) {
      return { message: endless(quiet, patience, world), printed };
    }
    for (const each of said) {
      if (!each || !("missing" in each)) continue;
      const what =
        each.missing === "default" ? "no script (export default defineScript(…))" : `no function ${each.missing}`;
      return { message: `${program.file} exports ${what}. The starter shows its form.`, printed };
    }
    const silent = result.ok ? Array.from({ length: world }, (_, rank) => rank in said).indexOf(false) : -1;
    if (silent >= 0) return { message: `rank ${silent} ended without a report.`, printed };
    return { result, reports: Array.from({ length: world }, (_, rank) => reportOf(said[rank])), shown, printed };
  } finally {
    callOff();
    options.signal?.removeEventListener("abort", stopped);
  }
}
