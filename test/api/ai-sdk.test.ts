/** Vercel's AI SDK against a running server: what it generates, streams, counts, throws and calls. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openForClients, thrown } from "./clients.ts";
import { openScripted, type ScriptedServer } from "./scripted.ts";
import { checkIdle, Steps, until } from "./steps.ts";
import { sumCall } from "./tools.ts";

const prompt = "Say it.";
let server: ScriptedServer;
let provider: ReturnType<typeof providerOf>;

const providerOf = ({ url }: ScriptedServer, more: { readonly headers?: Record<string, string> } = {}) =>
  createOpenAICompatible({ name: "worldsize", baseURL: `${url}/v1`, includeUsage: true, ...more });

beforeAll(async () => {
  server = await openForClients();
  provider = providerOf(server);
});
afterAll(() => server.close());
beforeEach(() => server.say("red ", "ball"));

describe("text", () => {
  it("whole, with its usage and why it ended", async () => {
    const { text, usage, finishReason, response } = await generateText({ model: provider("script"), prompt });
    expect([text, finishReason, response.modelId]).toEqual(["red ball", "stop", "script"]);
    const { inputTokens = 0, outputTokens, totalTokens } = usage;
    expect([outputTokens, totalTokens]).toEqual([3, inputTokens + 3]);
  });

  it("in a stream: piece by piece, with the same usage", async () => {
    const whole = await generateText({ model: provider("script"), prompt });
    const streamed = streamText({ model: provider("script"), prompt });
    const texts: string[] = [];
    for await (const text of streamed.textStream) texts.push(text);
    expect(texts).toEqual(["red ", "ball"]);
    expect(await streamed.finishReason).toBe("stop");
    const { inputTokens, outputTokens, totalTokens } = await streamed.usage;
    expect({ inputTokens, outputTokens, totalTokens }).toMatchObject({
      inputTokens: whole.usage.inputTokens,
      outputTokens: 3,
      totalTokens: whole.usage.totalTokens,
    });
  });

  it("a system message, several turns, and a limit", async () => {
    const { text, finishReason } = await generateText({
      model: provider("script"),
      system: "Be brief.",
      messages: [
        { role: "user", content: prompt },
        { role: "assistant", content: "red " },
        { role: "user", content: [{ type: "text", text: "Again." }] },
      ],
      maxOutputTokens: 1,
    });
    expect([text, finishReason]).toEqual(["red ", "length"]);
  });

  it("stop sequences end it, whole and in a stream", async () => {
    const asked = { model: provider("script"), prompt, stopSequences: ["d ba"] };
    expect((await generateText(asked)).text).toBe("re");
    expect(await streamText(asked).text).toBe("re");
  });

  it("completions", async () => {
    const { text } = await generateText({ model: provider.completionModel("script"), prompt });
    expect(text).toBe("red ball");
    expect(await streamText({ model: provider.completionModel("script"), prompt }).text).toBe("red ball");
  });
});

it("embeddings, in the order of their texts", async () => {
  const { embeddings, usage } = await embedMany({ model: provider.embeddingModel("script"), values: ["a", "bcde"] });
  expect(embeddings[0].map((value) => value.toFixed(3))).toEqual(["0.949", "0.316"]);
  expect(embeddings[1].map((value) => value.toFixed(3))).toEqual(["0.600", "0.800"]);
  expect(usage.tokens).toBe(5);
});

describe("tools", () => {
  const sum = (given: unknown[]) =>
    tool({
      description: "a + b",
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      execute: async ({ a, b }) => {
        given.push([a, b]);
        server.say("ball");
        return a + b;
      },
    });

  it("a call, what it gave, and the answer", async () => {
    server.say(...sumCall);
    const given: unknown[] = [];
    const { text, steps } = await generateText({
      model: provider("script"),
      prompt,
      tools: { sum: sum(given) },
      stopWhen: stepCountIs(3),
    });
    expect([text, given]).toEqual(["ball", [[1, 2]]]);
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
  });

  it("the same in a stream", async () => {
    server.say("word ", ...sumCall);
    const given: unknown[] = [];
    const streamed = streamText({
      model: provider("script"),
      prompt,
      tools: { sum: sum(given) },
      stopWhen: stepCountIs(3),
    });
    const kinds: string[] = [];
    for await (const { type } of streamed.fullStream) kinds.push(type);
    expect(given).toEqual([[1, 2]]);
    expect(await streamed.text).toBe("ball");
    expect(kinds.filter((kind) => /^tool-(call|result)$/.test(kind))).toEqual(["tool-call", "tool-result"]);
    expect(kinds).not.toContain("error");
  });

  it("a call that must come is refused, and so is a form that the answer must have", async () => {
    const error = await thrown(
      generateText({ model: provider("script"), prompt, tools: { sum: sum([]) }, toolChoice: "required" }),
    );
    expect(error).toBeInstanceOf(APICallError);
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false });
    expect((error as Error).message).toBe("tool_choice is asked for, and this server does not do that. Leave it out.");
  });
});

describe("errors", () => {
  it("400 and 404 are said in a sentence, and not tried again", async () => {
    const before = server.lines.length;
    const error = await thrown(generateText({ model: provider("other"), prompt }));
    expect(error).toBeInstanceOf(APICallError);
    expect(error).toMatchObject({
      statusCode: 404,
      isRetryable: false,
      message: 'There is no model "other" here; this server has "script".',
      data: { error: { code: "model_not_found", param: "model", type: "invalid_request_error" } },
    });
    const hot = await thrown(generateText({ model: provider("script"), prompt, temperature: 3 }));
    expect(hot).toMatchObject({ statusCode: 400, isRetryable: false });
    await until(() => server.lines.length >= before + 2);
    expect(server.lines.slice(before)).toHaveLength(2);
  });

  it("429 is one that may be tried again, and is answered then", async () => {
    const own = await openScripted({ pieces: ["word "], maxSequences: 1, maxWaiting: 1 });
    own.say("word ");
    const steps = new Steps(own);
    const model = providerOf(own)("script");
    const first = generateText({ model, prompt });
    await until(() => own.engine.running.length === 1 && steps.isHeld);
    const second = generateText({ model, prompt });
    await until(() => own.engine.waiting.length === 1);
    const error = await thrown(generateText({ model, prompt, maxRetries: 0 }));
    expect(error).toMatchObject({ statusCode: 429, isRetryable: true, responseHeaders: { "retry-after": "1" } });
    const third = generateText({ model, prompt, maxRetries: 1 });
    await until(() => own.lines.filter((line) => line.endsWith("429")).length === 2);
    steps.allow();
    for (const each of await Promise.all([first, second, third])) expect(each.text).toBe("word ");
    await own.close();
  });

  it("a step that fails in a stream becomes its error", async () => {
    const own = await openScripted({ pieces: ["word "] });
    own.sayForever("word ");
    let steps = 0;
    own.hold(async () => {
      if (++steps === 3) throw new Error("a secret of the inside");
    });
    const seen: unknown[] = [];
    const streamed = streamText({
      ...{ model: providerOf(own)("script"), prompt },
      onError: ({ error }) => void seen.push(error),
    });
    let text = "";
    for await (const part of streamed.textStream) text += part;
    expect(text).toBe("word word ");
    expect(seen).toHaveLength(1);
    expect(JSON.stringify(seen[0]) + String(seen[0])).toContain("The server failed at this request");
    checkIdle(own);
    await own.close();
  });

  it("the key goes as a bearer token", async () => {
    const own = await openScripted({ apiKey: "secret" });
    expect(await thrown(generateText({ model: providerOf(own)("script"), prompt }))).toMatchObject({ statusCode: 401 });
    const keyed = providerOf(own, { headers: { authorization: "Bearer secret" } });
    expect((await generateText({ model: keyed("script"), prompt })).text).toBe("");
    await own.close();
  });
});

it("aborted in the middle of a stream, it leaves nothing", async () => {
  server.sayForever("word ");
  const steps = new Steps(server);
  steps.allow(2);
  const gone = new AbortController();
  const before = server.lines.length;
  const streamed = streamText({ model: provider("script"), prompt, abortSignal: gone.signal });
  let texts = 0;
  for await (const part of streamed.fullStream) if (part.type === "text-delta" && ++texts === 2) gone.abort();
  expect(texts).toBe(2);
  await until(() => server.lines.length > before && steps.isHeld);
  const at = server.steps();
  steps.allow(2);
  await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
  expect(server.steps() - at).toBeLessThanOrEqual(2);
  checkIdle(server);
  server.hold(async () => {});
});
