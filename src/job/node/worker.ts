/** A worker thread of a job: one rank over shared memory or wires, or all ranks of a local world. */
import { hostname } from "node:os";
import { parentPort, threadId, workerData } from "node:worker_threads";
import { Tracer } from "../../trace/trace.ts";
import { MemoryStore, noTraffic, type Rank, RankStore, RemoteStore, type StoreReply } from "../../world/index.ts";
import { pulse } from "../../world/core/recorder.ts";
import { accountOf } from "../../script/account.ts";
import { type Place, type Script, scriptOf } from "../../script/define.ts";
import { valuesOf } from "../../script/options.ts";
import { type Ending, failRank, lostRank, runRank } from "../../script/rank.ts";
import { blasName, formatChoice } from "./blas/format.ts";
import { doingOf, isIdle } from "./doing.ts";
import { OutputSender } from "./output.ts";
import { noRecords, type WorkerMessage, type WorkerReply, type WorkerStart } from "./protocol.ts";
import { ranksOf } from "./ranks-of.ts";
import { startThreadedRank, type ThreadedRank } from "./threaded-rank.ts";

const start = workerData as WorkerStart;
const port = parentPort as NonNullable<typeof parentPort>;
const origin = performance.timeOrigin;
const now = (): number => origin + performance.now();
const tracers = new Map<number, Tracer>();
const running = new Map<number, Rank>();
let ranks: readonly Rank[] | undefined;
let unreported = 0;
let threads: ThreadedRank | undefined;

process.setSourceMapsEnabled(true);
Error.stackTraceLimit = 40; // deep enough to reach the program from inside the library

/** The job's store: in the local world's only thread, or in the process that coordinates the job. */
const remote = new RemoteStore((id, oldest, call) => post({ type: "store", id, oldest, call }));
const local = start.transport === "local" ? new MemoryStore() : undefined;
const output = new OutputSender(post, start.output);
output.capture(start.transport === "local" ? -1 : start.rank);
process.on("uncaughtException", fail);
process.on("unhandledRejection", (reason) => {
  if (process.listenerCount("unhandledRejection") === 1) fail(reason); // else the program deals with them itself
});

/** A promise nobody awaits, or a callback, threw: no rank can be told from it, so the first one answers. */
function fail(thrown: unknown): void {
  const [first] = opened() && running;
  if (first) {
    void report(first[0], failRank(first[1], thrown));
    return;
  }
  // All have ended, and one of them was wrong to: what threw had been left running.
  const { message, stack } = accountOf(thrown);
  const ending: Ending = { rank: start.rank, ok: false, error: { message, stack, echo: false } };
  post({ type: "ended", ending, exitCode: exitCode(), records: noRecords });
}

function post(message: WorkerMessage): void {
  port.postMessage(message);
}

/** Says what the ranks of this thread are doing. */
async function tell(): Promise<void> {
  post({ type: "doing", reports: await Promise.all([...running.values()].map((rank) => doingOf(rank, timers()))) });
}

/** Timers of this thread that are the job's: each wait in a store has one. */
function timers(): number {
  return local?.waiting ?? 0;
}

function exitCode(): number {
  return Number(process.exitCode ?? 0) & 255;
}

async function report(number: number, ending: Ending): Promise<void> {
  const rank = running.get(number);
  if (!rank) return;
  running.delete(number);
  const flight = ending.ok ? [] : rank.engine.journal.flight();
  const spans = tracers.get(number)?.spans ?? [];
  const others = await threads?.close(ending.ok);
  const traffic = others?.traffic ?? rank.engine.journal.traffic() ?? noTraffic;
  const records = { spans: [...spans, ...(others?.spans ?? [])], flight, traffic };
  post({ type: "ended", ending, exitCode: exitCode(), records });
  if (--unreported === 0 && start.transport !== "tcp") port.unref(); // wires stay open until all ranks are done
}

function tracer(rank: number): Tracer | undefined {
  if (start.traced) tracers.set(rank, new Tracer(now));
  return tracers.get(rank);
}

function build(): Rank[] {
  const onStored = (id: number, reply: StoreReply): void => remote.replied(id, reply);
  const options = { now, tracer, onStored, idle: () => isIdle(timers()) };
  if (start.streams !== "threaded" || start.transport === "local") return ranksOf(start, options);
  threads = startThreadedRank(start, now, tracer(start.rank), options.onStored);
  return [threads.rank];
}

/** The thread's ranks. From here on, what comes by the port keeps the thread alive. */
function opened(): readonly Rank[] {
  if (ranks) return ranks;
  ranks = build();
  unreported = ranks.length;
  for (const rank of ranks) running.set(rank.world.rank, rank);
  port.on("message", (message: WorkerReply) => {
    if (message.type === "over") process.exit();
    if (message.type === "ask") void tell();
    else remote.replied(message.id, message.reply);
  });
  return ranks;
}

/** Imports a rank's program. @returns how to run it, or to end it because it could not be loaded. */
async function load(number: number): Promise<(rank: Rank) => Promise<void>> {
  try {
    // Ranks of one thread get a module instance each, so that they share nothing, as in workers.
    const url = start.transport === "local" ? `${start.url}?rank=${number}` : start.url;
    const script = scriptOf((await import(url)) as Record<string, unknown>, start.file);
    return (rank) => run(rank, script);
  } catch (error) {
    return (rank) => report(number, failRank(rank, error));
  }
}

/** Nothing can happen in this thread any more, and these programs are still being loaded. */
function neverLoaded(numbers: Iterable<number>): void {
  const detail = `can never go on: ${start.file} awaits something at its top level that nothing will ever resolve`;
  for (const rank of opened()) {
    const number = rank.world.rank;
    if (![...numbers].includes(number)) continue;
    rank.engine.leave("failed", detail);
    void report(number, lostRank(number, `rank ${number}'s program ${detail}.`));
  }
}

async function run(rank: Rank, script: Script): Promise<void> {
  const number = rank.world.rank;
  rank.engine.journal.pulse[pulse.STARTED] = 1;
  let ending: Ending;
  try {
    ending = await runRank(rank, {
      script,
      options: valuesOf(script.options ?? {}, start.options),
      place: placeOf(),
      seed: start.seed,
      env: { ...process.env, LOCAL_RANK: String(number), ...start.env },
      store: new RankStore(local ?? remote, rank.engine),
      now,
      tracer: tracers.get(number),
      spans: threads && (() => (threads as ThreadedRank).spans()),
      emit: (shown) => output.show(number, shown),
    });
  } catch (error) {
    ending = failRank(rank, error);
  }
  await report(number, ending);
}

/** Where this rank lives, and how ranks reach each other. */
function placeOf(): Place {
  const { transport, size, tcp } = start;
  const members = tcp?.members.map(({ place }) => place);
  const ranks = Array.from({ length: size }, (_, rank) => ({
    host: members?.[rank].host.split("/")[0] ?? hostname(),
    process: tcp?.members[rank].pid ?? process.pid,
  }));
  const reach: Place["reach"] = (from, to) => {
    if (transport !== "tcp") return transport;
    return members?.[from].host === members?.[to].host && !tcp?.onlyTcp ? "unix" : "tcp";
  };
  const { choice, reason } = start.blas;
  const blas = choice ? { name: blasName(choice), pin: formatChoice(choice) } : { reason };
  return { process: process.pid, thread: threadId, transport, ranks, blas, reach };
}

const numbers = start.transport === "local" ? Array.from({ length: start.size }, (_, rank) => rank) : [start.rank];
const loading = new Set(numbers);
process.once("beforeExit", () => loading.size > 0 && neverLoaded(loading));
// All are loaded before the first one runs: imports end in any order, and ranks of one thread take turns in theirs.
const programs = await Promise.all(numbers.map((number) => load(number).finally(() => loading.delete(number))));
opened().forEach((rank, i) => {
  if (running.has(numbers[i])) void programs[i](rank); // else something that it imports has failed since
});
