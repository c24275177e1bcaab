/** A real model behind the engine: what a request gets alone by the plain loop it gets in a batch, and after preemption. */
import { afterAll, describe, expect, it } from "vitest";
import { Decoder, generate, type LanguageModel, quantizeModel } from "../../src/models/index.ts";
import {
  Engine,
  type EngineRequest,
  type KvDType,
  kvDTypes,
  ModelRunner,
  noCache,
  PagePool,
  RadixTree,
} from "../../src/serve/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";
import { ask, toIdle } from "./helpers.ts";

afterAll(closeDevices);

/** Prompts that share their beginnings, of several lengths. */
function prompts(count: number, vocabulary: number): number[][] {
  const token = (i: number): number => (7 * i * i + 3 * i) % vocabulary;
  return Array.from({ length: count }, (_, s) =>
    Array.from({ length: 3 + ((5 * s) % 17) }, (_, i) => token(i + (i > 4 + (s % 3) ? s : 0))),
  );
}

async function plain(model: LanguageModel, prompt: readonly number[], most: number): Promise<number[]> {
  const tokens: number[] = [];
  for await (const { token } of generate(model, [prompt], { temperature: 0, most })) tokens.push(token);
  return tokens;
}

/** What the engine gives, asked for nothing else, with pages of 8. */
async function served(model: LanguageModel, prompt: readonly number[], maxTokens: number, kvDType: KvDType) {
  const pool = new PagePool(60, 8);
  const runner = new ModelRunner(model, 60, 8, { kvDType });
  const engine = new Engine({ runner, pool, cache: noCache });
  const { got } = ask(engine, { prompt, maxTokens });
  await toIdle(engine);
  runner.dispose();
  return got[0];
}

describe.each(["gpt2", "llama", "qwen3", "mixtral"] as const)("%s", (form) => {
  it.each([
    ["f32", 1, 200],
    ["f32", 4, 60],
    ["f32", 16, 5],
    [8, 4, 60],
    [4, 4, 60],
  ] as const)(
    "%s bits, pages of %i, %i of them: 16 requests at once get what each gets alone",
    async (bits, pageSize, pages) => {
      const device = await makeTensorDevice(11);
      const config = forms[form];
      const decoder = new Decoder(device, config);
      const model = bits === "f32" ? decoder : quantizeModel(decoder, bits);
      const pool = new PagePool(pages, pageSize);
      const runner = new ModelRunner(model, pages, pageSize);
      const engine = new Engine({ runner, pool, cache: new RadixTree(pool), maxTokens: 24 });
      const asked = prompts(16, config.vocabularySize).map((prompt) => ask(engine, { prompt, maxTokens: 6 }));
      await toIdle(engine);
      for (const { request, got } of asked) {
        expect(got[0]).toEqual(await plain(model, request.prompt, 6));
      }
      runner.dispose();
      if (model !== decoder) (model as { dispose(): void }).dispose();
      decoder.dispose();
    },
  );

  it.each([
    ["bf16", 1, 200],
    ["bf16", 4, 60],
    ["int8", 4, 60],
    ["int8", 16, 5],
  ] as const)(
    "keys and values in %s, pages of %i, %i of them: the same, whatever the pages of who is alone",
    async (kvDType, pageSize, pages) => {
      const device = await makeTensorDevice(11);
      const config = forms[form];
      const model = new Decoder(device, config);
      const pool = new PagePool(pages, pageSize);
      const runner = new ModelRunner(model, pages, pageSize, { kvDType });
      const engine = new Engine({ runner, pool, cache: new RadixTree(pool), maxTokens: 24 });
      const asked = prompts(16, config.vocabularySize).map((prompt) => ask(engine, { prompt, maxTokens: 6 }));
      await toIdle(engine);
      for (const { request, got } of asked) expect(got[0]).toEqual(await served(model, request.prompt, 6, kvDType));
      runner.dispose();
      model.dispose();
    },
  );
});

it.each(kvDTypes)(
  "%s: same seed, same text: alone, in a batch of 16, after preemption; not of another seed",
  async (kvDType) => {
    const device = await makeTensorDevice(11);
    const model = new Decoder(device, forms.llama);
    const all = prompts(16, forms.llama.vocabularySize);
    const sampling: EngineRequest["sampling"] = { temperature: 1, topK: 20, topP: 0.95, seed: 11 };
    const run = async (chosen: readonly number[][], pages: number, seed = 11): Promise<[number[][], number]> => {
      const pool = new PagePool(pages, 4);
      const runner = new ModelRunner(model, pages, 4, { kvDType });
      const engine = new Engine({ runner, pool, cache: noCache, maxTokens: 30 });
      const asked = chosen.map((prompt) => ask(engine, { prompt, maxTokens: 12, sampling: { ...sampling, seed } }));
      let preempted = 0;
      while (engine.hasWork) preempted += (await engine.step()).preempted;
      runner.dispose();
      return [asked.map(({ got }) => got[0]), preempted];
    };
    const alone = await Promise.all(all.map(async (prompt) => (await run([prompt], 16))[0][0]));
    const [batch, none] = await run(all, 200);
    const [short, some] = await run(all, 14);
    expect([none, some > 0]).toEqual([0, true]);
    expect(batch).toEqual(alone);
    expect(short).toEqual(alone);
    const [other] = await run(all, 200, 12);
    expect(other).not.toEqual(alone);
  },
);

it.each(kvDTypes)("%s: choices of one prompt differ, and each is what its number and the seed say", async (kvDType) => {
  const device = await makeTensorDevice(11);
  const model = new Decoder(device, forms.llama);
  const pool = new PagePool(40, 4);
  const runner = new ModelRunner(model, 40, 4, { kvDType });
  const engine = new Engine({ runner, pool, cache: new RadixTree(pool) });
  const [prompt] = prompts(1, forms.llama.vocabularySize);
  const sampling = { temperature: 1.5, seed: 3 };
  const first = ask(engine, { prompt, maxTokens: 8, choices: 3, sampling });
  const again = ask(engine, { prompt, maxTokens: 8, choices: 3, sampling });
  await toIdle(engine);
  expect(again.got).toEqual(first.got);
  expect(new Set(first.got.map(String)).size).toBe(3);
});
