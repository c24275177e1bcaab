/** Runs a script's main on one built rank, from its context to its good or bad end. */
import { mulberry32, rankSeed } from "../platform/random.ts";
import { TensorDevice } from "../tensor/index.ts";
import type { Span, Tracer } from "../trace/trace.ts";
import { JobError, type Rank, type Store, userFrame } from "../world/index.ts";
import type { Context, Place, Script } from "./define.ts";
import { type Shown, showTo } from "./show.ts";

/** How a rank's program ended. */
export interface Ending {
  readonly rank: number;
  readonly ok: boolean;
  /** What went wrong. An echo is the job's failure as this rank learned of it. */
  readonly error?: { readonly message: string; readonly stack: string; readonly echo: boolean };
}

export interface RankProgram {
  readonly script: Script;
  readonly options: Record<string, unknown>;
  readonly place: Place;
  readonly store: Store;
  readonly seed: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly tracer: Tracer | undefined;
  readonly emit: (shown: Shown) => void;
  /** Spans of the rank's other threads. */
  readonly spans?: () => Promise<readonly Span[]>;
}

/** @returns how the program ended; never throws. */
export async function runRank(rank: Rank, program: RankProgram): Promise<Ending> {
  const { world, engine } = rank;
  try {
    await program.script.main(contextFor(rank, program) as Context<never>);
    await engine.finish();
    engine.leave("finished");
    return { rank: world.rank, ok: true };
  } catch (thrown) {
    return failRank(rank, thrown);
  }
}

/** Ends a rank whose program threw. */
export function failRank(rank: Rank, thrown: unknown): Ending {
  const error = thrown instanceof Error ? thrown : new Error(`a value that is no Error: ${String(thrown)}`);
  const echo = error instanceof JobError;
  const frame = userFrame(error.stack ?? "");
  const where = frame ? ` (${frame.file}:${frame.line})` : "";
  if (!echo) rank.engine.leave("failed", `${error.name}: ${error.message}${where}`);
  const ending = { message: error.message, stack: cleanStack(error) + nonMemberHint(error), echo };
  return { rank: rank.world.rank, ok: false, error: ending };
}

function contextFor(rank: Rank, program: RankProgram): Context<Record<string, unknown>> {
  const { world, device } = rank;
  const { tracer, now } = program;
  const random = mulberry32(rankSeed(program.seed, world.rank));
  return {
    world,
    device: new TensorDevice(device, program.seed),
    options: program.options,
    show: showTo(program.emit),
    place: program.place,
    store: program.store,
    env: { ...program.env, RANK: String(world.rank), WORLD_SIZE: String(world.size) },
    now,
    sleep,
    random,
    span: async (name, body) => (tracer ? tracer.span(name, body) : body()),
    spans: async (): Promise<readonly Span[]> => [...(tracer?.spans ?? []), ...((await program.spans?.()) ?? [])],
  };
}

/** Longest delay that a timer takes; it fires at once for longer ones. */
const LONGEST = 2 ** 31 - 1;

async function sleep(ms: number): Promise<void> {
  const until = performance.now() + ms;
  for (let left = ms; ; left = until - performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, LONGEST)));
    if (!(left > LONGEST)) return;
  }
}

/** Operations of a group, as they appear in "Cannot read properties of undefined". */
const groupCalls =
  /of undefined \(reading '(send|recv|batchSendRecv|broadcast|reduce|allReduce|gather|allGather|scatter|reduceScatter|allToAll|barrier|split|newGroup|broadcastObject|allGatherObject|destroy)'\)/;

/** What probably happened when a rank calls an operation of a group it does not have. */
function nonMemberHint(error: Error): string {
  const call = error instanceof TypeError && groupCalls.exec(error.message);
  if (!call) return "";
  return `\nThis rank called ${call[1]} on a group that it does not belong to: split and newGroup give undefined to ranks outside. Write: if (group) await group.${call[1]}(…).`;
}

/** The stack without the frames of this library and of the engine's internals. */
function cleanStack(error: Error): string {
  const [, ...frames] = (error.stack ?? "").split(/\n(?=\s+at )/);
  const theirs = frames.filter((frame) => userFrame(frame.trim()) !== undefined);
  return [`${error.name}: ${error.message}`, ...theirs.map((frame) => frame.replace(/\?rank=\d+/, ""))].join("\n");
}
