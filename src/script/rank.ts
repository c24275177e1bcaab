/** Runs a script's main on one built rank, from its context to its good or bad end. */
import { Tape } from "../autograd/index.ts";
import { mulberry32, rankSeed } from "../platform/random.ts";
import { TensorDevice } from "../tensor/index.ts";
import { cut } from "../trace/text.ts";
import type { Span, Tracer } from "../trace/trace.ts";
import type { Rank, Store } from "../world/index.ts";
import { accountOf } from "./account.ts";
import type { Context, Place, Script } from "./define.ts";
import { missingImport } from "./missing-import.ts";
import type { Shown } from "./show.ts";
import { showTo } from "./show-to.ts";

/** How a rank's program ended. A bad end always has its account. */
export type Ending =
  | { readonly rank: number; readonly ok: true; readonly error?: undefined }
  | { readonly rank: number; readonly ok: false; readonly error: RankError };

/** What went wrong. An echo is the job's failure as this rank learned of it, or was caused by that. */
export interface RankError {
  readonly message: string;
  readonly stack: string;
  readonly echo: boolean;
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
    engine.openCalls.forget();
    engine.leave("finished");
    return { rank: world.rank, ok: true };
  } catch (thrown) {
    return failRank(rank, thrown);
  }
}

/** Ends a rank whose program threw. */
export function failRank(rank: Rank, thrown: unknown): Ending {
  rank.engine.openCalls.forget();
  const { title, message, stack, echo } = accountOf(thrown, (error) => nonMemberHint(error) || missingImport(error));
  if (!echo) rank.engine.leave("failed", `threw ${title}`);
  return { rank: rank.world.rank, ok: false, error: { message, stack, echo } };
}

/** The bad end of a rank that cannot tell of it itself. @param message a sentence. */
export function lostRank(rank: number, message: string, echo = false): Ending {
  const bounded = cut(message, 64 * 1024);
  return { rank, ok: false, error: { message: bounded, stack: bounded, echo } };
}

function contextFor(rank: Rank, program: RankProgram): Context<Record<string, unknown>> {
  const { world, device } = rank;
  const { tracer, now } = program;
  const random = mulberry32(rankSeed(program.seed, world.rank));
  return {
    world,
    device: new TensorDevice(device, program.seed, new Tape()),
    options: program.options,
    show: showTo(program.emit),
    place: program.place,
    store: program.store,
    env: { ...program.env, RANK: String(world.rank), WORLD_SIZE: String(world.size) },
    clock: rank.clock ? "virtual" : "real",
    now: rank.clock?.now ?? now,
    sleep: (ms) => rank.clock?.sleep(world.rank, ms) ?? sleep(ms),
    random,
    span: async (name, body) => (tracer ? tracer.span(String(name), body) : body()),
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
  /of undefined \(reading '(send|recv|batchSendRecv|broadcast|reduce|allReduce|gather|allGather|scatter|reduceScatter|allToAll|allToAllRows|barrier|split|newGroup|broadcastObject|allGatherObject|destroy)'\)/;

/** What probably happened when a rank calls an operation of a group it does not have. */
function nonMemberHint(error: Error): string {
  const call = error instanceof TypeError && groupCalls.exec(error.message);
  if (!call) return "";
  return `This rank called ${call[1]} on a group that it does not belong to: split and newGroup give undefined to ranks outside. Write: if (group) await group.${call[1]}(…).`;
}
