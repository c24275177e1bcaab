/** What a server does not take, and that it takes the next one: too many, too long, too large, only half of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RawClient, written } from "./raw.ts";
import { events, openScripted, post, type ScriptedOptions, type ScriptedServer } from "./scripted.ts";
import { checkIdle, Steps, until } from "./steps.ts";

const messages = [{ role: "user", content: "Say it." }];
const LIMIT = 2000;
let server: ScriptedServer;

beforeAll(async () => {
  server = await openScripted({ pieces: ["word "], bodyLimit: LIMIT });
});
afterAll(() => server.close());
beforeEach(() => server.say("word "));

/** The server answers the next one, and has nothing left of the last one. */
async function checkServing(own = server): Promise<void> {
  expect((await post(`${own.url}/v1/completions`, { prompt: "a" })).body.choices[0].text).toBe("word ");
  await until(() => own.loop.open.size === 0 && own.engine.running.length === 0);
  checkIdle(own);
}

async function opened<T>(options: ScriptedOptions, use: (own: ScriptedServer) => Promise<T>): Promise<T> {
  const own = await openScripted({ pieces: ["word "], ...options });
  own.say("word ");
  try {
    return await use(own);
  } finally {
    await own.close();
  }
}

describe("as many as may wait", () => {
  it("the next one has 429 and when to come again, at each endpoint; when one is admitted there is room again", () =>
    opened({ maxSequences: 1, maxWaiting: 2 }, async (own) => {
      const steps = new Steps(own);
      const ask = () => post(`${own.url}/v1/completions`, { prompt: "a", max_tokens: 3 });
      const running = ask();
      await until(() => own.engine.running.length === 1 && steps.isHeld);
      const waiting = [ask(), ask()];
      await until(() => own.engine.waiting.length === 2);
      for (const [path, body] of [
        ["/v1/completions", { prompt: "a" }],
        ["/v1/completions", { prompt: "a", stream: true }],
        ["/v1/chat/completions", { messages }],
        ["/v1/chat/completions", { messages, stream: true }],
        ["/v1/responses", { input: "a" }],
      ] as const) {
        const { status, headers, body: told } = await post(`${own.url}${path}`, body);
        expect([status, headers.get("retry-after"), headers.get("x-should-retry")]).toEqual([429, "1", "true"]);
        expect(told.error).toEqual({
          message: "2 requests wait already. Try again later.",
          ...{ type: "rate_limit_error", param: null, code: "queue_full" },
        });
      }
      // Others are answered all the while.
      expect((await fetch(`${own.url}/health`)).status).toBe(200);
      expect((await post(`${own.url}/tokenize`, { prompt: "ab" })).body.count).toBe(2);
      await steps.go(() => own.engine.waiting.length === 1);
      const late = ask();
      await until(() => own.engine.waiting.length === 2);
      expect((await ask()).status).toBe(429);
      steps.allow();
      for (const { status } of await Promise.all([running, ...waiting, late])) expect(status).toBe(200);
      await checkServing(own);
    }));

  it("several prompts of one request are taken together, or none of them", () =>
    opened({ maxSequences: 1, maxWaiting: 2 }, async (own) => {
      const steps = new Steps(own);
      const first = post(`${own.url}/v1/completions`, { prompt: "a" });
      await until(() => own.engine.running.length === 1 && steps.isHeld);
      const { status } = await post(`${own.url}/v1/completions`, { prompt: ["a", "b", "c"] });
      expect(status).toBe(429);
      steps.allow();
      expect((await first).status).toBe(200);
      await checkServing(own);
      expect(own.engine.stats.waiting).toBe(0);
    }));

  it("one that waits and whose client goes makes room", () =>
    opened({ maxSequences: 1, maxWaiting: 1 }, async (own) => {
      const steps = new Steps(own);
      const first = post(`${own.url}/v1/completions`, { prompt: "a" });
      await until(() => own.engine.running.length === 1 && steps.isHeld);
      const client = await RawClient.open(own.url);
      client.send(written("/v1/completions", { prompt: "b" }));
      await until(() => own.engine.waiting.length === 1);
      client.leave();
      await until(() => own.lines.some((line) => line.endsWith("499")));
      expect(own.engine.waiting.filter(({ aborted }) => !aborted)).toHaveLength(0);
      steps.allow(1);
      await until(() => own.engine.waiting.length === 0 && steps.isHeld);
      const next = post(`${own.url}/v1/completions`, { prompt: "c" });
      await until(() => own.engine.waiting.length === 1);
      steps.allow();
      expect([(await first).status, (await next).status]).toEqual([200, 200]);
      await checkServing(own);
    }));
});

describe("time", () => {
  const body = { prompt: "a", max_tokens: 400 };

  it.each([
    ["/v1/completions", { prompt: "a", max_tokens: 400 }],
    ["/v1/completions", { prompt: ["a", "b"], n: 2, max_tokens: 400 }],
    ["/v1/chat/completions", { messages, max_tokens: 400 }],
    ["/v1/responses", { input: "a", max_output_tokens: 400 }],
  ])("%s %j: 504 or an error in its stream, and every page is free", (path, asked) =>
    opened({ timeout: 30 }, async (own) => {
      own.sayForever("word ");
      own.hold(() => new Promise((resolve) => setTimeout(resolve, 3)));
      const { status, body: told } = await post(`${own.url}${path}`, asked);
      expect([status, told.error.code]).toEqual([504, "timeout"]);
      await until(() => own.loop.open.size === 0 && own.engine.running.length === 0);
      checkIdle(own);
      const all = await events(`${own.url}${path}`, asked);
      const last = all.filter((each) => each !== "[DONE]").at(-1);
      expect(last).toMatchObject({ error: { code: "timeout" } });
      await until(() => own.loop.open.size === 0 && own.engine.running.length === 0);
      checkIdle(own);
      expect(own.errors).toEqual([]);
    }),
  );

  it("embeddings that take too long are not answered with fewer vectors", () => {
    let calls = 0;
    const embed = async (): Promise<Float32Array> => {
      if (++calls === 2) await new Promise((resolve) => setTimeout(resolve, 60));
      return Float32Array.of(1);
    };
    return opened({ timeout: 30, embed }, async (own) => {
      const { status, body: told } = await post(`${own.url}/v1/embeddings`, { input: ["a", "b", "c"] });
      expect([status, told.error?.code]).toEqual([504, "timeout"]);
      expect(calls).toBeLessThan(3);
      expect(own.errors).toEqual([]);
    });
  });

  it("one that waits for its turn all that time is ended, too, without having run", () =>
    opened({ timeout: 300, maxSequences: 1 }, async (own) => {
      const steps = new Steps(own);
      own.sayForever("word ");
      const first = post(`${own.url}/v1/completions`, body);
      await until(() => own.engine.running.length === 1 && steps.isHeld);
      const second = post(`${own.url}/v1/completions`, body);
      await until(() => own.engine.waiting.some(({ aborted }) => aborted));
      steps.allow();
      expect([(await first).status, (await second).status]).toEqual([504, 504]);
      expect(own.steps()).toBe(1);
      checkIdle(own);
    }));
});

describe("bodies that are too large", () => {
  const huge = { prompt: "x".repeat(LIMIT) };

  it("with a length: 413 before any of it is sent", async () => {
    const client = await RawClient.open(server.url);
    client.send(
      "POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n",
    );
    await client.has("body_too_large");
    expect(client.text).toMatch(/^HTTP\/1\.1 413 /);
    expect(client.text).toContain(`The body is larger than ${LIMIT} bytes.`);
    client.leave();
    await checkServing();
  });

  it("in chunks, without a length: 413 as soon as there is too much, and no more of it is read", async () => {
    const client = await RawClient.open(server.url);
    client.send(
      written("/v1/completions", undefined, {
        ":method": "POST",
        "transfer-encoding": "chunked",
        "content-type": "application/json",
      }),
    );
    const chunk = "x".repeat(500);
    for (let i = 0; i < 5; i++) client.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    await client.has("body_too_large");
    expect(client.text).toMatch(/^HTTP\/1\.1 413 /);
    // It never ends its body; the server ends the connection.
    await until(() => client.isClosed);
    await checkServing();
  });

  it("in chunks and small enough it is taken", async () => {
    const client = await RawClient.open(server.url);
    const text = JSON.stringify({ prompt: "a" });
    client.send(
      written("/v1/completions", undefined, {
        ":method": "POST",
        "transfer-encoding": "chunked",
        "content-type": "application/json",
      }),
    );
    for (const part of [text.slice(0, 3), text.slice(3)]) client.send(`${part.length.toString(16)}\r\n${part}\r\n`);
    client.send("0\r\n\r\n");
    await client.has('"text":"word "');
    client.leave();
  });

  it("one byte more than may be is too much, and as many as may be are not", async () => {
    const sized = (bytes: number) => {
      const text = JSON.stringify({ prompt: "a", user: "" });
      return text.replace('"user":""', `"user":"${"u".repeat(bytes - text.length)}"`);
    };
    expect((await post(`${server.url}/v1/completions`, sized(LIMIT))).status).toBe(200);
    expect((await post(`${server.url}/v1/completions`, sized(LIMIT + 1))).status).toBe(413);
    for (const path of ["/v1/chat/completions", "/v1/responses", "/v1/embeddings", "/tokenize", "/detokenize"])
      expect([path, (await post(`${server.url}${path}`, huge)).status]).toEqual([path, 413]);
  });

  it("no body, another type, no JSON: 400 and 415", async () => {
    for (const [headers, text, status] of [
      [{}, "", 400],
      [{ "content-type": "application/x-www-form-urlencoded" }, "{}", 415],
      [{ "content-type": "text/plain" }, "{}", 400],
      [{ "content-type": "application/json" }, "{", 400],
      [{ "content-type": "application/json" }, "[]", 400],
    ] as const) {
      const sent = written("/v1/completions", undefined, {
        ":method": "POST",
        ...headers,
        "content-length": String(text.length),
      });
      const answer = await RawClient.ask(server.url, sent + text);
      expect([text, answer.status]).toEqual([text, status]);
      expect(JSON.parse(answer.body).error.message).toMatch(/[.]$/);
    }
    await checkServing();
  });
});

describe("half of something", () => {
  it("half a body, and the client goes: nothing has run, nobody is told of a fault", async () => {
    const before = server.steps();
    const whole = written("/v1/chat/completions", { messages, stream: true });
    for (const length of [10, 60, whole.length - 40, whole.length - 1]) {
      const client = await RawClient.open(server.url);
      client.send(whole.slice(0, length));
      await new Promise((resolve) => setImmediate(resolve));
      client.leave();
    }
    expect(server.steps()).toBe(before);
    await checkServing();
    expect(server.errors).toEqual([]);
  });

  it("half a body, and the rest later: it is answered then, and others meanwhile", async () => {
    const whole = written("/v1/completions", { prompt: "a" });
    const slow = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(server.url)));
    for (const client of slow) client.send(whole.slice(0, -5));
    await checkServing();
    for (const client of slow) client.send(whole.slice(-5));
    await Promise.all(slow.map((client) => client.has('"text":"word "')));
    for (const client of slow) client.leave();
  });
});

it("500 connections that ask for nothing: others are served, and they are let go with the server", () =>
  opened({}, async (own) => {
    const idle: RawClient[] = [];
    while (idle.length < 500)
      idle.push(...(await Promise.all(Array.from({ length: 50 }, () => RawClient.open(own.url)))));
    for (let i = 0; i < 10; i++) await checkServing(own);
    expect(idle.filter(({ isClosed }) => isClosed)).toEqual([]);
    // Each of them may still ask.
    idle[250].send(written("/v1/completions", { prompt: "a" }));
    await idle[250].has('"text":"word "');
    await own.close();
    await until(() => idle.every(({ isClosed }) => isClosed));
  }));

describe("several requests on one connection, none waiting for an answer", () => {
  it("are answered in their order, streams and errors, too", async () => {
    const client = await RawClient.open(server.url);
    client.send(
      written("/v1/chat/completions", { messages, stream: true }) +
        written("/v1/completions", { prompt: "a" }) +
        written("/v1/completions", { prompt: 5 }) +
        written("/health"),
    );
    await client.has('"status":"ok"');
    const order = ["data: [DONE]", '"object":"text_completion"', '"param":"prompt"', '"status":"ok"'];
    const at = order.map((text) => client.text.indexOf(text));
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at.includes(-1)).toBe(false);
    client.leave();
  });

  it("when the client goes, those that wait behind the first one end with it", async () => {
    const before = server.lines.length;
    server.sayForever("word ");
    const steps = new Steps(server);
    const client = await RawClient.open(server.url);
    const stream = written("/v1/completions", { prompt: "a", max_tokens: 400, stream: true });
    client.send(stream + stream + written("/v1/completions", { prompt: "a", max_tokens: 400 }));
    await steps.go(() => server.engine.running.length === 3);
    client.leave();
    await until(() => server.lines.length === before + 3);
    const at = server.steps();
    steps.allow(2);
    await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
    expect(server.steps() - at).toBeLessThanOrEqual(2);
    server.hold(async () => {});
    server.say("word ");
    await checkServing();
  });
});
