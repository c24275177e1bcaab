/** Log-probabilities of prompts (case 5: vllm 6521, 9336, 39556, 8268, 3251, 3914, 17251). */
import { afterAll, describe, expect, it } from "vitest";
import { Decoder, quantizeModel } from "../../src/models/index.ts";
import { Engine, HashChain, logprobsOf, ModelRunner, noCache, PagePool, RadixTree } from "../../src/serve/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";
import { alone, aloneScored, ask, echoEngine, toIdle } from "./helpers.ts";

afterAll(closeDevices);

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe("max_tokens 0 with log-probabilities of the prompt (vllm 6521, 39556)", () => {
  it.each([1, 4, 9])(
    "a prompt of %i: one entry for each token, none for the first, and no hidden token",
    async (length) => {
      const { engine, pool } = echoEngine(8, 4);
      const asked = ask(engine, { prompt: upTo(length), maxTokens: 0, promptLogprobs: 3 });
      await toIdle(engine);
      expect([asked.got, asked.reasons, engine.stats.generatedTokens]).toEqual([[[]], ["length"], 0]);
      expect(asked.scored.map(({ token }) => token)).toEqual(upTo(length));
      expect(asked.scored[0]).toEqual({ token: 0 });
      expect(asked.scored).toEqual(aloneScored(asked));
      expect(pool.free).toBe(8);
    },
  );

  it("ends each choice, and takes a prompt as long as all pages", async () => {
    const { engine } = echoEngine(2, 4);
    const asked = ask(engine, { prompt: upTo(8), maxTokens: 0, promptLogprobs: 0, choices: 3 });
    await toIdle(engine);
    expect(asked.reasons).toEqual(["length", "length", "length"]);
    expect(() => ask(engine, { prompt: upTo(9), maxTokens: 0, promptLogprobs: 0 })).toThrow("8 fit into");
    expect(() => ask(engine, { prompt: upTo(8), maxTokens: 1, promptLogprobs: 0 })).toThrow("8 fit into");
  });

  it("is refused alone, as are alternatives that are no number", () => {
    const { engine } = echoEngine(8, 4);
    expect(() => ask(engine, { prompt: [1], maxTokens: 0 })).toThrow(
      "max_tokens is 0: it is a whole number from 1, or 0 where log-probabilities of the prompt are asked for.",
    );
    expect(() => ask(engine, { prompt: [1], promptLogprobs: -1 })).toThrow("-1 alternatives");
  });
});

describe.each([
  ["chain", (pool: PagePool) => new HashChain(pool)],
  ["radix", (pool: PagePool) => new RadixTree(pool)],
] as const)("the prefix cache, %s (vllm 8268, 3251, 3914, 17251)", (_, cacheOf) => {
  it("is not read, so that the second answer is the first; what was computed is kept for others", async () => {
    const { engine, runner } = echoEngine(32, 4, cacheOf);
    const request = { prompt: upTo(9), maxTokens: 2, promptLogprobs: 1 };
    const first = ask(engine, request);
    await toIdle(engine);
    const before = runner.ran;
    const second = ask(engine, request);
    expect((await engine.step()).cached).toBe(0);
    expect(runner.ran - before).toBe(9);
    await toIdle(engine);
    expect([second.scored, second.got]).toEqual([first.scored, first.got]);
    const plain = ask(engine, { prompt: upTo(9), maxTokens: 2 });
    expect((await engine.step()).cached).toBe(8);
    await toIdle(engine);
    expect(plain.got[0]).toEqual(alone(plain).tokens);
  });
});

it("preempted at every step, each place is given once", async () => {
  for (let budget = 1; budget <= 7; budget++) {
    for (let late = 0; late < 16; late++) {
      const { engine } = echoEngine(5, 4, (pool) => new RadixTree(pool), { maxTokens: budget });
      const asked = ask(engine, { prompt: upTo(13), maxTokens: 3, promptLogprobs: 2, priority: 1 });
      for (let step = 0; step < late && engine.hasWork; step++) await engine.step();
      const sooner = ask(engine, { prompt: upTo(6, 40), maxTokens: 12 }); // takes the pages away
      await toIdle(engine);
      expect(asked.scored).toEqual(aloneScored(asked));
      for (const each of [asked, sooner]) expect(each.got[0]).toEqual(alone(each).tokens);
    }
  }
});

it.each(["f32", 8] as const)("a model, %s bits: parts, batches and pages make no other numbers", async (bits) => {
  const device = await makeTensorDevice(11);
  const decoder = new Decoder(device, forms.llama);
  const model = bits === 8 ? quantizeModel(decoder, 8) : decoder;
  const vocabulary = forms.llama.vocabularySize;
  const prompt = Array.from({ length: 23 }, (_, i) => (7 * i * i + 3 * i) % vocabulary);
  const i32 = (values: number[]) => device.from(values, [values.length], "i32");
  const logits = device.noGrad(() =>
    model.call({ tokens: i32(prompt), positions: i32(upTo(23)), starts: i32([0, 23]) }),
  );
  const all = (await logits.data()) as Float32Array;
  const wanted = prompt.map((token, i) =>
    i === 0 ? { token } : { token, ...logprobsOf(all.subarray((i - 1) * vocabulary, i * vocabulary), token, 2) },
  );
  for (const maxTokens of [5, 64]) {
    const pool = new PagePool(20, 4);
    const runner = new ModelRunner(model, 20, 4);
    const engine = new Engine({ runner, pool, cache: noCache, maxTokens });
    const asked = ask(engine, { prompt, maxTokens: 0, promptLogprobs: 2 });
    const other = ask(engine, { prompt: prompt.slice(3), maxTokens: 2 });
    await toIdle(engine);
    expect(other.reasons).toEqual(["length"]);
    expect(asked.scored.map(({ token }) => token)).toEqual(prompt);
    for (const [i, { logprob, top }] of asked.scored.entries()) {
      if (i === 0) expect([logprob, top]).toEqual([undefined, undefined]);
      else {
        expect(logprob).toBeCloseTo(wanted[i].logprob ?? NaN, bits === 8 ? 2 : 4);
        if (bits === "f32") expect(top?.map(({ token }) => token)).toEqual(wanted[i].top?.map(({ token }) => token));
      }
    }
    runner.dispose();
  }
  logits.dispose();
});

it("a long prompt is scored in slices of the vocabulary", async () => {
  const device = await makeTensorDevice(11);
  const model = new Decoder(device, { ...forms.llama, maxPositions: 400 });
  const prompt = Array.from({ length: 300 }, (_, i) => (5 * i) % forms.llama.vocabularySize);
  const pool = new PagePool(100, 4);
  const runner = new ModelRunner(model, 100, 4);
  const engine = new Engine({ runner, pool, maxTokens: 512 });
  const slices: number[] = [];
  const { leave } = model;
  model.leave = (x, rows) => {
    slices.push(rows?.size ?? x.shape[0]);
    return leave.call(model, x, rows);
  };
  const asked = ask(engine, { prompt, maxTokens: 0, promptLogprobs: 0 });
  await toIdle(engine);
  expect(slices).toEqual([128, 128, 43]);
  expect(asked.scored.length).toBe(300);
  runner.dispose();
});
