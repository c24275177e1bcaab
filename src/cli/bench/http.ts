/**
 * `worldsize bench http`: one request at a time, by the engine alone and over HTTP. The server and the engine are one process, so
 * both sides have the same weights in the same memory; whoever asks over HTTP is a process of its own, as clients are.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { serveFolder } from "../../api/node/serve-folder.ts";
import { Tape } from "../../autograd/index.ts";
import { openedBlas } from "../../job/node/blas/choice.ts";
import { openDevice } from "../../job/node/open-device.ts";
import type { Engine } from "../../serve/index.ts";
import { TensorDevice } from "../../tensor/index.ts";
import { interruptible } from "../program-flags.ts";
import { root } from "../scripts.ts";
import { spinsOf } from "../serve.ts";
import type { Flags, Measurement, Progress } from "./measure.ts";
import { printed } from "./serve/child.ts";
import { benchModel } from "./serve/model.ts";

/** Tokens of a prompt and of its answer, and requests of a round, one after the other. */
const [INPUT, OUTPUT, REQUESTS] = [32, 128, 3];
const MEMORY = 2 ** 32;

/** Whoever asks needs time of a core, too: with all cores, and with one that is left to them. */
export async function benchHttp(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const signal = interruptible();
  progress("http: writing a model of 100 million parameters");
  const files = await benchModel(signal);
  const cores = availableParallelism();
  const found: Measurement[] = [];
  try {
    for (const threads of cores > 1 ? [cores, cores - 1] : [cores])
      found.push(await withThreads(threads, files.folder, flags.rounds, progress, signal));
  } finally {
    files.remove();
  }
  return found;
}

async function withThreads(
  threads: number,
  folder: string,
  rounds: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Measurement> {
  const { choice: blas } = await openedBlas();
  const sizes = { memory: MEMORY, quota: MEMORY, helpers: threads - 1, spins: spinsOf(threads) };
  const open = await openDevice({ blas, stream: "threaded", ...sizes });
  try {
    const device = new TensorDevice(open.device, 0, new Tape());
    const served = await serveFolder(device, folder, { port: 0, dtype: "int8", maxSequences: 16 });
    const { engine } = served.service.model.loop;
    const best = { engine: 0, http: 0 };
    await alone(engine, 0); // not timed
    for (let round = 1; round <= rounds; round++) {
      const which = `http, ${threads} threads, round ${round} of ${rounds}`;
      progress(`${which}: the engine alone`);
      best.engine = Math.max(best.engine, await alone(engine, round));
      progress(`${which}: over HTTP`);
      best.http = Math.max(best.http, await over(served.url, round, signal));
    }
    await served.close();
    const { engine: peerValue, http: value } = best;
    const own = {
      bench: "http",
      case: `${INPUT} + ${OUTPUT} tokens, int8, ${threads} of ${availableParallelism()} cores`,
    };
    const peer = { peer: "the engine alone", peerValue, ratio: value / peerValue };
    return { ...own, metric: "over HTTP", unit: "tokens/s", value, ...peer };
  } finally {
    await open.close();
  }
}

/** Prompts of a round, which have nothing in common with those of others. */
function promptsOf(round: number): number[][] {
  return Array.from({ length: REQUESTS }, (_, request) =>
    Array.from({ length: INPUT }, (__, i) => 300 + ((round * 977 + request * 131 + i * 17) % 4000)),
  );
}

/** Requests by the engine alone. @returns tokens per second. */
async function alone(engine: Engine, round: number): Promise<number> {
  const start = performance.now();
  for (const prompt of promptsOf(round)) {
    engine.add({ prompt, maxTokens: OUTPUT, events: { onToken: () => true, onFinish: () => {} } });
    while (engine.hasWork) await engine.step();
  }
  return (REQUESTS * OUTPUT * 1000) / (performance.now() - start);
}

/** As many requests over HTTP, by a process that does nothing but read. @returns tokens per second. */
async function over(url: string, round: number, signal: AbortSignal): Promise<number> {
  const asked = { url, prompts: promptsOf(round + 500), tokens: OUTPUT };
  const text = await printed([join(root, "bench/http-reader.mjs"), JSON.stringify(asked)], "", signal);
  const { milliseconds, frames } = JSON.parse(text) as { milliseconds: number; frames: number };
  // A token that is no whole character has no frame of its own; of these there are few.
  if (frames < (REQUESTS * OUTPUT) / 2) throw new Error(`Only ${frames} frames came over HTTP.`);
  return (REQUESTS * OUTPUT * 1000) / milliseconds;
}
