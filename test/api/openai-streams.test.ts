/** What the official client makes of streams: its helpers, their events, and what they put together at the end. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openScripted, type Piece, type ScriptedServer } from "./scripted.ts";
import { checkIdle, Steps, until } from "./steps.ts";
import { sumCall, toolPieces, toolTemplate, twiceCall } from "./tools.ts";

const pieces: readonly Piece[] = ["word ", "red ", "ball", ...toolPieces];
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Say it." }];
const asked = { model: "script", messages };
let server: ScriptedServer;
let client: OpenAI;

const clientOf = ({ url }: ScriptedServer): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: "any" });
beforeAll(async () => {
  server = await openScripted({ pieces });
  client = clientOf(server);
});
afterAll(() => server.close());

describe("chat.completions.stream()", () => {
  it("tells of each piece, and in the end has what a request without a stream has", async () => {
    server.say("red ", "ball");
    const deltas: string[] = [];
    const snapshots: string[] = [];
    const done: string[] = [];
    const stream = client.chat.completions
      .stream({ ...asked, stream_options: { include_usage: true } })
      .on("content.delta", ({ delta, snapshot }) => {
        deltas.push(delta);
        snapshots.push(snapshot);
      })
      .on("content.done", ({ content }) => done.push(content));
    const final = await stream.finalChatCompletion();
    // The first one is the role's, which has no text yet.
    expect(deltas.filter((delta) => delta !== "")).toEqual(["red ", "ball"]);
    expect(snapshots.at(-1)).toBe("red ball");
    expect(done).toEqual(["red ball"]);
    expect(await stream.finalContent()).toBe("red ball");
    const whole = await client.chat.completions.create(asked);
    expect(final.choices[0]).toMatchObject({
      message: { role: "assistant", content: whole.choices[0].message.content, refusal: null },
      finish_reason: "stop",
    });
    // The second request finds the first one's prompt in the cache.
    const counted = ({ prompt_tokens, completion_tokens, total_tokens }: OpenAI.CompletionUsage) => [
      ...[prompt_tokens, completion_tokens, total_tokens],
    ];
    expect(counted(await stream.totalUsage())).toEqual(counted(whole.usage as OpenAI.CompletionUsage));
    expect(final.object).toBe("chat.completion");
  });

  it("n choices are told apart by their index", async () => {
    server.say("red ", "ball");
    const final = await client.chat.completions.stream({ ...asked, n: 3 }).finalChatCompletion();
    expect(final.choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, "red ball"],
      [1, "red ball"],
      [2, "red ball"],
    ]);
    const whole = await client.chat.completions.create({ ...asked, n: 3 });
    expect(whole.choices.map(({ message }) => message.content)).toEqual(Array(3).fill("red ball"));
  });

  it("log-probabilities come with the text that they are of", async () => {
    server.say("red ", "ball");
    const told: string[] = [];
    const stream = client.chat.completions
      .stream({ ...asked, logprobs: true, top_logprobs: 2 })
      .on("logprobs.content.delta", ({ content }) => told.push(...content.map(({ token }) => token)));
    const final = await stream.finalChatCompletion();
    expect(told).toEqual(["red ", "ball"]);
    const whole = await client.chat.completions.create({ ...asked, logprobs: true, top_logprobs: 2 });
    expect(final.choices[0].logprobs?.content).toEqual(whole.choices[0].logprobs?.content);
    expect(whole.choices[0].logprobs?.content?.map(({ top_logprobs: top }) => top.length)).toEqual([2, 2]);
  });

  it("a stop string ends it, and no event has any of it", async () => {
    server.say("word ", "red ", "ball", "word ");
    const deltas: string[] = [];
    const stream = client.chat.completions
      .stream({ ...asked, stop: ["d ball"] })
      .on("content.delta", ({ delta }) => deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(deltas.join("")).toBe("word re");
    expect(final.choices[0]).toMatchObject({ message: { content: "word re" }, finish_reason: "stop" });
  });

  it("cut by max_tokens: the helper says so, and has what there was", async () => {
    server.sayForever("word ");
    const final = await client.chat.completions.stream({ ...asked, max_completion_tokens: 3 }).finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ message: { content: "word word word " }, finish_reason: "length" });
  });

  it("a step that fails in the middle: the client throws, with no more than that it failed", async () => {
    const own = await openScripted({ pieces });
    own.sayForever("word ");
    let steps = 0;
    own.hold(async () => {
      if (++steps === 4) throw new Error("a secret of the inside");
    });
    const seen: string[] = [];
    const stream = clientOf(own)
      .chat.completions.stream(asked)
      .on("content.delta", ({ delta }) => seen.push(delta));
    const error = await stream.finalChatCompletion().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: "internal_error", type: "server_error", param: null });
    expect((error as Error).message).toBe("The server failed at this request. Its log says why.");
    expect(seen.filter((delta) => delta !== "")).toEqual(Array(3).fill("word "));
    expect(own.errors).toHaveLength(1);
    checkIdle(own);
    await own.close();
  });
});

describe("aborted by the client", () => {
  it.each([
    ["stream.controller.abort()", (stream: { controller: AbortController }): unknown => stream.controller.abort()],
    ["leaving the loop", (): unknown => "leave"],
  ])("%s: nothing runs two steps later", async (_, act) => {
    server.sayForever("word ");
    const steps = new Steps(server);
    const before = server.lines.length;
    const stream = await client.chat.completions.create({ ...asked, max_tokens: 400, stream: true });
    steps.allow(3);
    let texts = 0;
    for await (const { choices } of stream) {
      if (choices[0].delta.content && ++texts === 3 && act(stream) === "leave") break;
    }
    expect(texts).toBe(3);
    await until(() => server.lines.length > before && steps.isHeld);
    expect(server.engine.running).toHaveLength(1);
    const at = server.steps();
    steps.allow(2);
    await until(() => server.loop.open.size === 0);
    expect(server.steps() - at).toBeLessThanOrEqual(2);
    await until(() => server.engine.running.length === 0);
    checkIdle(server);
    server.hold(async () => {});
  });

  it("a helper's abort(): it rejects with APIUserAbortError, and the server has nothing left", async () => {
    server.sayForever("word ");
    const steps = new Steps(server);
    steps.allow(2);
    const before = server.lines.length;
    const stream = client.chat.completions.stream({ ...asked, max_tokens: 400 });
    stream.on("content.delta", ({ delta }) => {
      if (delta !== "") stream.abort();
    });
    await expect(stream.finalChatCompletion()).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(stream.aborted).toBe(true);
    await until(() => server.lines.length > before);
    steps.allow(2);
    await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
    checkIdle(server);
    server.hold(async () => {});
  });

  it("a request without a stream, by its signal", async () => {
    server.sayForever("word ");
    const steps = new Steps(server);
    const gone = new AbortController();
    const before = server.lines.length;
    const answer = client.chat.completions.create({ ...asked, max_tokens: 400 }, { signal: gone.signal });
    const told = expect(answer).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await until(() => steps.isHeld);
    gone.abort();
    await told;
    await until(() => server.lines.length > before);
    steps.allow(2);
    await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
    checkIdle(server);
    server.hold(async () => {});
  });
});

describe("tools", () => {
  const sum: OpenAI.ChatCompletionTool = {
    type: "function",
    function: { name: "sum", description: "a + b", parameters: { type: "object" } },
  };
  let own: ScriptedServer;
  let talking: OpenAI;
  beforeAll(async () => {
    own = await openScripted({ pieces, template: toolTemplate });
    talking = clientOf(own);
  });
  afterAll(() => own.close());

  it("two calls in a stream: their events, and the same calls as without a stream", async () => {
    own.say("word ", ...sumCall, ...twiceCall);
    const done: unknown[] = [];
    const stream = talking.chat.completions
      .stream({ ...asked, tools: [sum] })
      .on("tool_calls.function.arguments.done", ({ index, name, arguments: given }) => done.push([index, name, given]));
    const [streamed] = (await stream.finalChatCompletion()).choices;
    expect(done).toEqual([
      [0, "sum", '{"a":1,"b":2}'],
      [1, "twice", '{"of":3}'],
    ]);
    const [whole] = (await talking.chat.completions.create({ ...asked, tools: [sum] })).choices;
    const plain = ({ message, finish_reason }: OpenAI.ChatCompletion.Choice) => [
      message.content,
      finish_reason,
      message.tool_calls?.map((each) => each.type === "function" && [each.function.name, each.function.arguments]),
    ];
    expect(plain(whole)).toEqual([
      "word ",
      "tool_calls",
      [
        ["sum", '{"a":1,"b":2}'],
        ["twice", '{"of":3}'],
      ],
    ]);
    const { message, finish_reason } = streamed;
    expect([message.content, finish_reason]).toEqual(["word ", "tool_calls"]);
    const ids = message.tool_calls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(2);
  });

  it.each([[false], [true]])(
    "runTools, stream %s: the function runs, and the model has what came of it",
    async (stream) => {
      own.say(...sumCall);
      const given: unknown[] = [];
      const tools = [
        {
          type: "function" as const,
          function: {
            name: "sum",
            description: "a + b",
            parameters: { type: "object", properties: { a: { type: "number" }, b: { type: "number" } } },
            parse: JSON.parse as (text: string) => { a: number; b: number },
            function: ({ a, b }: { a: number; b: number }) => {
              given.push([a, b]);
              own.say("ball");
              return String(a + b);
            },
          },
        },
      ];
      const runner = stream
        ? talking.chat.completions.runTools({ ...asked, tools, stream: true })
        : talking.chat.completions.runTools({ ...asked, tools });
      expect(await runner.finalContent()).toBe("ball");
      expect(given).toEqual([[1, 2]]);
      expect(await runner.finalFunctionToolCallResult()).toBe("3");
      expect(runner.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    },
  );

  it("tool_choice none: what looks like a call is text; required and a named one are refused", async () => {
    own.say(...sumCall);
    const [{ message, finish_reason }] = (
      await talking.chat.completions.create({ ...asked, tools: [sum], tool_choice: "none" })
    ).choices;
    expect([message.tool_calls, finish_reason]).toEqual([undefined, "stop"]);
    expect(message.content).toContain('{"name": "sum"');
    for (const choice of ["required", { type: "function", function: { name: "sum" } }] as const)
      await expect(
        talking.chat.completions.create({ ...asked, tools: [sum], tool_choice: choice }),
      ).rejects.toMatchObject({ status: 400, param: "tool_choice", code: "unsupported_parameter" });
  });
});

describe("responses", () => {
  it("stream(): events in their order, and at the end the response that a request without a stream gives", async () => {
    server.say("red ", "ball");
    const kinds: string[] = [];
    const numbers: number[] = [];
    const deltas: string[] = [];
    const stream = client.responses
      .stream({ model: "script", input: "Say it." })
      .on("event", ({ type, sequence_number: number }) => {
        kinds.push(type);
        numbers.push(number);
      })
      .on("response.output_text.delta", ({ delta }) => deltas.push(delta));
    const final = await stream.finalResponse();
    expect(deltas).toEqual(["red ", "ball"]);
    expect(numbers).toEqual(numbers.map((_, i) => i));
    expect([kinds.at(0), kinds.at(-1)]).toEqual(["response.created", "response.completed"]);
    expect(final).toMatchObject({ status: "completed", output_text: "red ball", error: null });
    const whole = await client.responses.create({ model: "script", input: "Say it." });
    expect(whole.output_text).toBe("red ball");
    expect([whole.usage?.output_tokens, whole.usage?.total_tokens]).toEqual([
      final.usage?.output_tokens,
      final.usage?.total_tokens,
    ]);
  });

  it("cut by max_output_tokens it is incomplete, and says why", async () => {
    server.sayForever("word ");
    const input = [{ role: "user" as const, content: [{ type: "input_text" as const, text: "Say it." }] }];
    const asking = { model: "script", input, max_output_tokens: 2 };
    const final = await client.responses.stream(asking).finalResponse();
    expect(final).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    expect(final.output_text).toBe("word word ");
  });

  it("a step that fails: the client throws", async () => {
    const own = await openScripted({ pieces });
    own.sayForever("word ");
    let steps = 0;
    own.hold(async () => {
      if (++steps === 3) throw new Error("a secret of the inside");
    });
    const stream = clientOf(own).responses.stream({ model: "script", input: "Say it." });
    const error = await stream.finalResponse().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(OpenAI.OpenAIError);
    expect((error as Error).message).toContain("The server failed at this request. Its log says why.");
    checkIdle(own);
    await own.close();
  });
});

it("completions: a step that fails in a stream is thrown, too", async () => {
  const own = await openScripted({ pieces });
  own.sayForever("word ");
  let steps = 0;
  own.hold(async () => {
    if (++steps === 3) throw new Error("a secret of the inside");
  });
  let text = "";
  const reading = (async () => {
    const stream = await clientOf(own).completions.create({ model: "script", prompt: ["a", "b"], stream: true });
    for await (const { choices } of stream) text += choices[0].text;
  })();
  await expect(reading).rejects.toMatchObject({ code: "internal_error", type: "server_error" });
  expect(text).toBe("word ".repeat(4));
  expect(own.errors).toHaveLength(1);
  await until(() => own.loop.open.size === 0);
  checkIdle(own);
  await own.close();
});
