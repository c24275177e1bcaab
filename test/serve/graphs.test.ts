/** Steps that are replayed as graphs give what they give kernel by kernel, bit by bit: in batches of all sizes, after preemption and over tables that change. */
import { afterAll, describe, expect, it } from "vitest";
import { Decoder, type LanguageModel, quantizeModel } from "../../src/models/index.ts";
import { Engine, type KvDType, ModelRunner, PagePool, RadixTree, type Sampled } from "../../src/serve/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";
import { toIdle } from "./helpers.ts";

afterAll(closeDevices);

interface Case {
  readonly graphs: number;
  readonly pages: number;
  readonly pageSize: number;
  readonly kvDType?: KvDType;
}

/** Tokens and log-probabilities of requests of several lengths, which come at several times. */
async function served(model: LanguageModel, { graphs, pages, pageSize, kvDType }: Case) {
  const pool = new PagePool(pages, pageSize);
  const runner = new ModelRunner(model, pages, pageSize, { graphs, kvDType });
  const engine = new Engine({ runner, pool, cache: new RadixTree(pool), maxTokens: 24 });
  const got: Sampled[][] = [];
  for (let i = 0; i < 11; i++) {
    const prompt = Array.from({ length: 3 + ((5 * i) % 13) }, (_, at) => (7 * at * at + (at > 3 ? i : 0)) % 60);
    const sampling = { temperature: i % 2, seed: i, logprobs: 2 };
    const mine: Sampled[] = [];
    got.push(mine);
    const events = { onToken: (_: number, sampled: Sampled) => mine.push(sampled) > 0, onFinish: () => {} };
    engine.add({ prompt, maxTokens: 4 + (i % 5), sampling, events });
    if (i % 3 === 0) await engine.step();
  }
  await toIdle(engine);
  const { preemptions } = engine.stats;
  runner.dispose();
  return { preemptions, got };
}

describe.each(["gpt2", "llama", "qwen3", "mixtral"] as const)("%s", (form) => {
  it.each([
    ["f32", { pages: 60, pageSize: 4 }],
    ["f32", { pages: 9, pageSize: 4 }],
    ["f32", { pages: 60, pageSize: 4, kvDType: "bf16" }],
    [8, { pages: 40, pageSize: 1, kvDType: "int8" }],
  ] as const)("weights in %s, %j", { timeout: 60_000 }, async (bits, options) => {
    const device = await makeTensorDevice(11);
    const decoder = new Decoder(device, forms[form]);
    const model = bits === "f32" ? decoder : quantizeModel(decoder, bits);
    const eager = await served(model, { ...options, graphs: 0 });
    // Graphs for all steps, for small ones alone, and for one sequence alone.
    for (const graphs of [16, 4, 1]) expect((await served(model, { ...options, graphs })).got).toEqual(eager.got);
    if (options.pages === 9) expect(eager.preemptions).toBeGreaterThan(0);
    if (model !== decoder) (model as { dispose(): void }).dispose();
    decoder.dispose();
  });
});
