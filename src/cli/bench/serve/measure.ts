/** One run against one server: what it has, a request that is not timed, then all the others. */
import {
  type Ask,
  adviceOf,
  baseOf,
  listModels,
  type Metrics,
  metricsOf,
  realClock,
  runLoad,
  ServerError,
  send,
  serverCodec,
  type Target,
} from "../../../load/index.ts";
import { suggest, UsageError } from "../../scripts.ts";
import type { Progress } from "../measure.ts";
import type { ServeFlags } from "./flags.ts";
import { promptsOf, timesOf, wantedOf } from "./plan.ts";

/** What a run has measured, and of whom. */
export interface Measured {
  readonly url: string;
  readonly model: string;
  /** What prompts were sent as. */
  readonly prompts: string;
  readonly metrics: Metrics;
  /** Whether somebody ended it early. */
  readonly stopped: boolean;
}

/** What was sent, and when. */
export interface Load {
  readonly asks: readonly Ask[];
  readonly times?: readonly number[];
  readonly concurrency?: number;
}

/** How often progress is told, in milliseconds. */
const OFTEN = 100;
/** The longest that a timer waits. */
const LONGEST = 2 ** 31 - 1;

/** Measures a server. @throws UsageError for one that cannot be measured, with what to do. */
export async function measureServer(
  url: string,
  flags: ServeFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ measured: Measured; load: Load }> {
  try {
    return await measured(baseOf(url), flags, progress, signal);
  } catch (error) {
    if (error instanceof ServerError) throw new UsageError(error.message);
    throw error;
  }
}

async function measured(
  url: string,
  flags: ServeFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ measured: Measured; load: Load }> {
  const { api, key, plain, timeout, concurrency, percentiles, goodput } = flags;
  progress("asking the server for its models");
  const models = await listModels({ url, key });
  const model = flags.model === undefined ? models[0] : models.find(({ id }) => id === flags.model);
  if (!model) {
    const ids = models.map(({ id }) => id);
    throw new UsageError(`${url} has no model "${flags.model}". ${suggest(flags.model as string, ids)}`);
  }
  const wanted = wantedOf(flags, model.most);
  progress(`making ${wanted.length} prompts`);
  const codec = await serverCodec({ url, key }, model.id);
  const { asks, warmUp, form } = await promptsOf(flags, wanted, codec);
  const target: Target = { url, api, model: model.id, key, plain, silence: Math.min(1000 * timeout, LONGEST) };
  progress("one request that is not timed");
  const { failure } = await send(target, warmUp, realClock, signal);
  if (failure && failure.kind !== "stopped") throw new ServerError(adviceOf(failure, target));
  const load = { asks, times: timesOf(flags, wanted), concurrency };
  let told = 0;
  const run = await runLoad({
    ...load,
    count: asks.length,
    send: (i) => send(target, asks[i], realClock, signal),
    clock: realClock,
    signal,
    onProgress(sent, ended) {
      if (realClock.now() - told < OFTEN) return;
      told = realClock.now();
      progress(`${asks.length} requests: ${sent} sent, ${ended} ended`);
    },
  });
  progress("");
  const metrics = metricsOf(run, { percentiles, goodput });
  return { load, measured: { url, model: model.id, prompts: form, metrics, stopped: signal.aborted } };
}
