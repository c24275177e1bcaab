/**
 * The ranks' side of `worldsize bench graphs`: sequences of a small Llama decode, kernel by kernel and as captured graphs, in turns.
 * What is timed of a step is the host's part, until the runner gives its promise, and the whole of it.
 */
import { defineScript, number } from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";
import { Engine, ModelRunner, noCache, PagePool, type Runner, type StepBatch } from "worldsize/serve";

const [PAGES, PAGE_SIZE] = [512, 16];
/** Steps before those that are timed: prompts are run, graphs captured. */
const WARM = 8;

export default defineScript({
  about: "Times steps in which all sequences decode: launched kernel by kernel, and replayed as graphs.",
  ranks: 1,
  options: {
    running: number(8, "sequences"),
    steps: number(150, "steps that are timed in a round"),
    rounds: number(3, "of each way; the best median counts"),
  },
  async main({ device, options: { running, steps, rounds }, show, now }) {
    const config = llamaShape({
      vocabularySize: 4096,
      width: 128,
      layers: 4,
      heads: 4,
      ffnWidth: 384,
      maxPositions: 512,
    });
    const model = new Decoder(device, config);
    const best = [0, running].map(() => ({ host: Infinity, step: Infinity }));
    for (let round = 0; round < rounds; round++)
      for (const [i, graphs] of [0, running].entries()) {
        const inner = new ModelRunner(model, PAGES, PAGE_SIZE, { graphs });
        const times = await timed(inner, running, steps, now);
        for (const key of ["host", "step"] as const) best[i][key] = Math.min(best[i][key], times[key]);
        inner.dispose();
      }
    const [eager, graphs] = best;
    show.row({ eagerHost: eager.host, graphHost: graphs.host, eagerStep: eager.step, graphStep: graphs.step });
    model.dispose();
  },
});

/** Medians of steps, in milliseconds. */
async function timed(inner: ModelRunner, running: number, steps: number, now: () => number) {
  const [hosts, whole]: [number[], number[]] = [[], []];
  const { positions, vocabularySize } = inner;
  const run = (batch: StepBatch) => {
    const start = now();
    const result = inner.run(batch);
    hosts.push(now() - start);
    return result;
  };
  const runner: Runner = { positions, vocabularySize, run };
  const engine = new Engine({ runner, pool: new PagePool(PAGES, PAGE_SIZE), cache: noCache });
  const events = { onToken: () => true, onFinish: () => {} };
  for (let i = 0; i < running; i++) engine.add({ prompt: [1, 2, 3, i], maxTokens: WARM + steps, events });
  for (let step = 0; step < WARM; step++) await engine.step();
  hosts.length = 0;
  while (engine.running.length === running) {
    const start = now();
    await engine.step();
    whole.push(now() - start);
  }
  return { host: median(hosts), step: median(whole) };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
