/** LangChain against a running server: what it invokes, streams, counts, throws, calls and embeds. */
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openForClients, thrown } from "./clients.ts";
import { openScripted, type ScriptedServer } from "./scripted.ts";
import { checkIdle, Steps, until } from "./steps.ts";
import { sumCall } from "./tools.ts";

let server: ScriptedServer;
let chat: ChatOpenAI;

const settings = ({ url }: ScriptedServer, more: object = {}) => ({
  ...{ model: "script", apiKey: "any", maxRetries: 0, configuration: { baseURL: `${url}/v1` }, ...more },
});

beforeAll(async () => {
  server = await openForClients();
  chat = new ChatOpenAI(settings(server));
});
afterAll(() => server.close());
beforeEach(() => server.say("red ", "ball"));

describe("text", () => {
  it("invoke: the text, its usage and why it ended", async () => {
    const answer = await chat.invoke([new SystemMessage("Be brief."), new HumanMessage("Say it.")]);
    expect(answer.content).toBe("red ball");
    expect(answer.response_metadata).toMatchObject({ finish_reason: "stop", model_name: "script" });
    const { input_tokens: input = 0, output_tokens, total_tokens } = answer.usage_metadata ?? {};
    expect([output_tokens, total_tokens]).toEqual([3, input + 3]);
  });

  it("stream: piece by piece; put together they have the usage, once", async () => {
    const whole = await chat.invoke("Say it.");
    const texts: unknown[] = [];
    let all: Awaited<ReturnType<typeof chat.invoke>> | undefined;
    for await (const chunk of await chat.stream("Say it.")) {
      if (chunk.content !== "") texts.push(chunk.content);
      all = all ? (all as unknown as typeof chunk).concat(chunk) : chunk;
    }
    expect(texts).toEqual(["red ", "ball"]);
    expect(all?.content).toBe("red ball");
    const counts = (usage: typeof whole.usage_metadata) => [usage?.input_tokens, usage?.output_tokens];
    expect(counts(all?.usage_metadata)).toEqual(counts(whole.usage_metadata));
  });

  it("stop, a limit, several answers, and batches", async () => {
    expect((await chat.invoke("Say it.", { stop: ["d ba"] })).content).toBe("re");
    const short = await new ChatOpenAI(settings(server, { maxTokens: 1 })).invoke("Say it.");
    expect([short.content, short.response_metadata.finish_reason]).toEqual(["red ", "length"]);
    const { generations } = await new ChatOpenAI(settings(server, { n: 3 })).generate([[new HumanMessage("Say it.")]]);
    expect(generations[0].map(({ text }) => text)).toEqual(Array(3).fill("red ball"));
    const batch = await chat.batch(["Say it.", "Say it.", "Say it."]);
    expect(batch.map(({ content }) => content)).toEqual(Array(3).fill("red ball"));
  });

  it("completions", async () => {
    const model = new OpenAI(settings(server));
    expect(await model.invoke("Say it.")).toBe("red ball");
    const texts: string[] = [];
    for await (const text of await model.stream("Say it.")) if (text !== "") texts.push(text);
    expect(texts).toEqual(["red ", "ball"]);
  });
});

it("embeddings, in the order of their texts", async () => {
  const vectors = await new OpenAIEmbeddings(settings(server)).embedDocuments(["a", "bcde"]);
  expect(vectors.map((vector) => vector.map((value) => value.toFixed(3)))).toEqual([
    ["0.949", "0.316"],
    ["0.600", "0.800"],
  ]);
});

describe("tools", () => {
  const sum = tool(async ({ a, b }: { a: number; b: number }) => String(a + b), {
    name: "sum",
    description: "a + b",
    schema: z.object({ a: z.number(), b: z.number() }),
  });

  it("a call, what it gave, and the answer", async () => {
    server.say(...sumCall);
    const model = chat.bindTools([sum]);
    const asked = new HumanMessage("Say it.");
    const called = await model.invoke([asked]);
    expect(called.response_metadata.finish_reason).toBe("tool_calls");
    const [call] = called.tool_calls ?? [];
    expect(call).toMatchObject({ name: "sum", args: { a: 1, b: 2 } });
    const result = (await sum.invoke(call)) as ToolMessage;
    expect(result.content).toBe("3");
    server.say("ball");
    const answer = await model.invoke([asked, called, result]);
    expect([answer.content, answer.tool_calls]).toEqual(["ball", []]);
  });

  it("the same in a stream; and a conversation that is replayed with content null", async () => {
    server.say(...sumCall);
    let all: AIMessage | undefined;
    for await (const chunk of await chat.bindTools([sum]).stream("Say it."))
      all = all ? (all as unknown as typeof chunk).concat(chunk) : chunk;
    expect(all?.tool_calls).toMatchObject([{ name: "sum", args: { a: 1, b: 2 } }]);
    server.say("ball");
    const [call] = all?.tool_calls ?? [];
    const replayed = [
      new HumanMessage("Say it."),
      new AIMessage({ content: "", tool_calls: [call] }),
      new ToolMessage({ content: "3", tool_call_id: call.id ?? "" }),
    ];
    expect((await chat.invoke(replayed)).content).toBe("ball");
  });

  it("a call that must come is refused with the field", async () => {
    const error = await thrown(chat.bindTools([sum], { tool_choice: "sum" }).invoke("Say it."));
    expect(error).toMatchObject({ status: 400, param: "tool_choice", code: "unsupported_parameter" });
  });
});

describe("errors", () => {
  it("404 for another model, 401 without the key", async () => {
    const error = await thrown(new ChatOpenAI(settings(server, { model: "other" })).invoke("Say it."));
    expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    const own = await openScripted({ apiKey: "secret" });
    expect(await thrown(new ChatOpenAI(settings(own)).invoke("Say it."))).toMatchObject({ status: 401 });
    const keyed = await new ChatOpenAI(settings(own, { apiKey: "secret" })).invoke("Say it.");
    expect(keyed.content).toBe("");
    await own.close();
  });

  it("a step that fails in a stream is thrown", async () => {
    const own = await openScripted({ pieces: ["word "] });
    own.sayForever("word ");
    let steps = 0;
    own.hold(async () => {
      if (++steps === 3) throw new Error("a secret of the inside");
    });
    let text = "";
    const error = await thrown(
      (async () => {
        for await (const { content } of await new ChatOpenAI(settings(own)).stream("Say it.")) text += content;
      })(),
    );
    expect(text).toBe("word word ");
    expect((error as Error).message).toContain("The server failed at this request");
    checkIdle(own);
    await own.close();
  });
});

it("aborted in the middle of a stream, it leaves nothing", async () => {
  server.sayForever("word ");
  const steps = new Steps(server);
  steps.allow(2);
  const gone = new AbortController();
  const before = server.lines.length;
  let texts = 0;
  await thrown(
    (async () => {
      for await (const { content } of await chat.stream("Say it.", { signal: gone.signal }))
        if (content !== "" && ++texts === 2) gone.abort();
      throw new Error("left");
    })(),
  );
  expect(texts).toBe(2);
  await until(() => server.lines.length > before && steps.isHeld);
  const at = server.steps();
  steps.allow(2);
  await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
  expect(server.steps() - at).toBeLessThanOrEqual(2);
  checkIdle(server);
  server.hold(async () => {});
});
