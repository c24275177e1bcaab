/** What the official client throws: a class for each status, with its code, its field and its sentence; and what it tries again. */
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { thrown as whatIsThrown } from "./clients.ts";
import { openScripted, type ScriptedOptions, type ScriptedServer } from "./scripted.ts";
import { checkIdle, Steps, until } from "./steps.ts";

const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Say it." }];
const asked = { model: "script", messages };
let server: ScriptedServer;
let client: OpenAI;

const clientOf = ({ url }: ScriptedServer, more: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0, ...more });
const thrown = (asking: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> =>
  whatIsThrown(asking) as Promise<InstanceType<typeof OpenAI.APIError>>;
/** A server that is closed behind the test. */
async function opened<T>(options: ScriptedOptions, use: (own: ScriptedServer) => Promise<T>): Promise<T> {
  const own = await openScripted({ pieces: ["word "], ...options });
  try {
    return await use(own);
  } finally {
    await own.close();
  }
}

beforeAll(async () => {
  server = await openScripted({ pieces: ["word "] });
  client = clientOf(server);
});
afterAll(() => server.close());
beforeEach(() => server.say("word "));

describe("classes", () => {
  it.each([
    [{ temperature: 3 }, "temperature", "invalid_value", "temperature: Too big: expected number to be <=2."],
    [{ stop: ["a", "b", "c", "d", "e"] }, "stop", "invalid_value", "stop: at most 4 stop strings."],
    [{ n: 0 }, "n", "invalid_value", "n: Too small: expected number to be >=1."],
    [{ max_tokens: 100_000 }, "messages", "context_length_exceeded", /Ask for at most \d+\.$/],
    [{ logit_bias: { word: 1 } }, "logit_bias.word", "invalid_value", /expected the id of a token/],
    [{ top_logprobs: 3 }, "top_logprobs", null, "top_logprobs are given with logprobs: true."],
    [{ response_format: { type: "json_object" as const } }, "response_format", "unsupported_parameter", /Leave it out/],
  ])("400, %j: BadRequestError with the field", async (more, param, code, sentence) => {
    const error = await thrown(client.chat.completions.create({ ...asked, ...more }));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", param, code });
    const said = (error.error as { message: string }).message;
    if (typeof sentence === "string") expect(said).toBe(sentence);
    else expect(said).toMatch(sentence);
    expect(error.message).toBe(`400 ${said}`);
    expect(error.requestID).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("400 before the first frame, also where a stream is asked for", async () => {
    const error = await thrown(client.chat.completions.create({ ...asked, temperature: 3, stream: true }));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.param).toBe("temperature");
  });

  it("401: AuthenticationError without the key, or with another", () =>
    opened({ apiKey: "secret" }, async (own) => {
      const wrong = await thrown(clientOf(own, { apiKey: "other" }).models.list());
      expect(wrong).toBeInstanceOf(OpenAI.AuthenticationError);
      expect(wrong).toMatchObject({ status: 401, code: "invalid_api_key", param: null, type: "invalid_request_error" });
      expect(wrong.message).toBe("401 The key is not this server's.");
      const none = await thrown(clientOf(own, { defaultHeaders: { authorization: null } }).models.list());
      expect(none).toBeInstanceOf(OpenAI.AuthenticationError);
      const listed = await clientOf(own, { apiKey: "secret" }).models.list();
      expect(listed.data.map(({ id }) => id)).toEqual(["script"]);
    }));

  it("403: PermissionDeniedError for a page that was not named", async () => {
    const error = await thrown(
      clientOf(server, { defaultHeaders: { origin: "http://evil.example" } }).chat.completions.create(asked),
    );
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: "origin_not_allowed", param: null });
  });

  it("404: NotFoundError for another model, by its name and in a request, and for a path that is not there", async () => {
    for (const asking of [
      () => client.chat.completions.create({ ...asked, model: "gpt-4o" }),
      () => client.models.retrieve("gpt-4o"),
      () => client.embeddings.create({ model: "gpt-4o", input: "a" }),
    ]) {
      const error = await thrown(asking());
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
      expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
      expect(error.message).toBe('404 There is no model "gpt-4o" here; this server has "script".');
    }
    const elsewhere = await thrown(client.images.generate({ prompt: "a" }));
    expect(elsewhere).toBeInstanceOf(OpenAI.NotFoundError);
    expect(elsewhere).toMatchObject({
      code: "not_found",
      message: "404 There is no POST /v1/images/generations here.",
    });
    expect((await client.models.retrieve("script")).id).toBe("script");
  });

  it("413: a body that is too large", () =>
    opened({ bodyLimit: 1000 }, async (own) => {
      const content = "word ".repeat(200);
      const error = await thrown(
        clientOf(own).chat.completions.create({ ...asked, messages: [{ role: "user", content }] }),
      );
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(error).toMatchObject({ status: 413, code: "body_too_large", param: null });
      expect(error.message).toBe("413 The body is larger than 1000 bytes.");
    }));

  it("429: RateLimitError while as many wait as may, with the time after which to try again", () =>
    opened({ maxSequences: 1, maxWaiting: 1 }, async (own) => {
      const steps = new Steps(own);
      own.say("word ");
      const first = clientOf(own).chat.completions.create(asked);
      await until(() => own.engine.running.length === 1 && steps.isHeld);
      const second = clientOf(own).chat.completions.create(asked);
      await until(() => own.engine.waiting.length === 1);
      const error = await thrown(clientOf(own).chat.completions.create(asked));
      expect(error).toBeInstanceOf(OpenAI.RateLimitError);
      expect(error).toMatchObject({ status: 429, code: "queue_full", type: "rate_limit_error", param: null });
      expect(error.headers?.get("retry-after")).toBe("1");
      steps.allow();
      expect((await first).choices[0].message.content).toBe("word ");
      expect((await second).choices[0].message.content).toBe("word ");
      expect((await clientOf(own).chat.completions.create(asked)).choices[0].message.content).toBe("word ");
    }));

  it("500: a step that fails is an InternalServerError without anything of the inside, and is not run three times", () =>
    opened({}, async (own) => {
      own.hold(() => Promise.reject(new Error("a secret of the inside")));
      const error = await thrown(clientOf(own, { maxRetries: 2 }).chat.completions.create(asked));
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 500, code: "internal_error", type: "server_error" });
      expect(JSON.stringify(error)).not.toContain("secret");
      await until(() => own.lines.length > 0);
      expect(own.lines).toEqual(["POST /v1/chat/completions 500"]);
      expect(own.errors).toHaveLength(1);
      checkIdle(own);
      // The next one is none of its business.
      own.hold(async () => {});
      own.say("word ");
      expect((await clientOf(own).chat.completions.create(asked)).choices[0].message.content).toBe("word ");
    }));

  it("503 while the server is being stopped: for who comes, and for whom it aborts", () =>
    opened({}, async (own) => {
      own.sayForever("word ");
      const steps = new Steps(own);
      const running = thrown(clientOf(own).chat.completions.create(asked));
      await until(() => steps.isHeld);
      const streaming = await clientOf(own).chat.completions.create({ ...asked, stream: true });
      const closing = own.loop.close();
      const late = await thrown(clientOf(own).chat.completions.create(asked));
      expect(late).toBeInstanceOf(OpenAI.InternalServerError);
      expect(late).toMatchObject({ status: 503, code: "closing" });
      expect(late.headers?.get("retry-after")).toBe("1");
      void own.loop.close({ abort: true });
      steps.allow();
      await closing;
      const aborted = await running;
      expect(aborted).toMatchObject({ status: 503, code: "closing" });
      expect(aborted.message).toBe("503 The server is being stopped, and has ended this request.");
      const told = await thrown(
        (async () => {
          for await (const _ of streaming);
        })(),
      );
      expect(told).toBeInstanceOf(OpenAI.APIError);
      expect(told).toMatchObject({ code: "closing" });
    }));

  it("504: a request that takes longer than it may, and that nobody tries again", () =>
    opened({ timeout: 20 }, async (own) => {
      own.sayForever("word ");
      own.hold(() => new Promise((resolve) => setTimeout(resolve, 2)));
      const asking = clientOf(own, { maxRetries: 2 });
      const error = await thrown(asking.chat.completions.create(asked));
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 504, code: "timeout" });
      await until(() => own.lines.length > 0 && own.loop.open.size === 0);
      expect(own.lines).toEqual(["POST /v1/chat/completions 504"]);
      checkIdle(own);
    }));
});

describe("tried again", () => {
  it("a request that was refused with 429 is answered a moment later", () =>
    opened({ maxSequences: 1, maxWaiting: 1 }, async (own) => {
      const steps = new Steps(own);
      own.say("word ");
      const others = [clientOf(own).chat.completions.create(asked)];
      others[0].catch(() => {});
      await until(() => own.engine.running.length === 1 && steps.isHeld);
      others.push(clientOf(own).chat.completions.create(asked));
      others[1].catch(() => {});
      await until(() => own.engine.waiting.length === 1);
      const third = clientOf(own, { maxRetries: 1 }).chat.completions.create(asked);
      const refused = (): boolean => own.lines.includes("POST /v1/chat/completions 429");
      third.catch(() => {});
      await until(refused);
      steps.allow();
      expect((await third).choices[0].message.content).toBe("word ");
      await Promise.all(others);
      await until(() => own.lines.length === 4);
      expect([...own.lines].sort()).toEqual([...Array(3).fill("POST /v1/chat/completions 200"), own.lines[0]]);
    }));

  it("what is wrong with a request is said once", async () => {
    const before = server.lines.length;
    await thrown(clientOf(server, { maxRetries: 2 }).chat.completions.create({ ...asked, temperature: 3 }));
    await thrown(clientOf(server, { maxRetries: 2 }).chat.completions.create({ ...asked, model: "other" }));
    await client.models.list();
    await until(() => server.lines.length >= before + 3);
    expect(server.lines.slice(before)).toEqual([
      "POST /v1/chat/completions 400",
      "POST /v1/chat/completions 404",
      "GET /v1/models 200",
    ]);
  });
});
