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
import type { Flags, Measurement, Progress } from "./measure.ts";
import { printed } from "./serve/child.ts";
import type { Measured } from "./serve/measure.ts";
import { benchModel } from "./serve/model.ts";

/** Tokens of a prompt and of its answer, and requests of a round, one after the other. */
const [INPUT, OUTPUT, REQUESTS] = [32, 128, 3];
const MEMORY = 2 ** 32;

export async function benchHttp(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const signal = interruptible();
  progress("http: writing a model of 100 million parameters");
  const files = await benchModel(signal);
  const { choice: blas } = await openedBlas();
  const helpers = availableParallelism() - 1;
  const open = await openDevice({ blas, stream: "threaded", helpers, memory: MEMORY, quota: MEMORY });
  try {
    const device = new TensorDevice(open.device, 0, new Tape());
    const served = await serveFolder(device, files.folder, { port: 0, dtype: "int8", maxSequences: 16 });
    const { engine } = served.service.model.loop;
    const best = { engine: 0, http: 0 };
    await alone(engine, 0); // not timed
    for (let round = 1; round <= flags.rounds; round++) {
      progress(`http, round ${round} of ${flags.rounds}: the engine alone`);
      best.engine = Math.max(best.engine, await alone(engine, round));
      progress(`http, round ${round} of ${flags.rounds}: over HTTP`);
      best.http = Math.max(best.http, await over(served.url, round, signal));
    }
    await served.close();
    const { engine: peerValue, http: value } = best;
    const own = { bench: "http", case: `${INPUT} tokens asked, ${OUTPUT} given, one at a time, int8` };
    const peer = { peer: "the engine alone", peerValue, ratio: value / peerValue };
    return [{ ...own, metric: "output over HTTP", unit: "tokens/s", value, ...peer }];
  } finally {
    await open.close();
    files.remove();
  }
}

/** Requests by the engine alone. @returns tokens per second. */
async function alone(engine: Engine, round: number): Promise<number> {
  const start = performance.now();
  for (let request = 0; request < REQUESTS; request++) {
    const prompt = Array.from({ length: INPUT }, (_, i) => 300 + ((round * 977 + request * 131 + i * 17) % 4000));
    engine.add({ prompt, maxTokens: OUTPUT, events: { onToken: () => true, onFinish: () => {} } });
    while (engine.hasWork) await engine.step();
  }
  return (REQUESTS * OUTPUT * 1000) / (performance.now() - start);
}

/** As many requests over HTTP, by `worldsize bench serve`. @returns tokens per second. */
async function over(url: string, round: number, signal: AbortSignal): Promise<number> {
  const lengths = ["--input", String(INPUT), "--output", String(OUTPUT), "--requests", String(REQUESTS)];
  const how = ["--workload", "random", ...lengths, "--concurrency", "1", "--seed", String(round), "--json"];
  const text = await printed([join(root, "bin/worldsize.mjs"), "bench", "serve", "--url", url, ...how], "", signal);
  const { metrics } = JSON.parse(text.trim().split("\n").at(-1) ?? "") as Measured;
  if (metrics.outputTokens !== REQUESTS * OUTPUT) throw new Error(`${metrics.outputTokens} tokens came over HTTP.`);
  return metrics.outputThroughput;
}
