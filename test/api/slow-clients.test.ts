/**
 * Clients that do not read, or read late: they hold up nobody, take no more memory than a connection's buffers and the tokens
 * themselves, and are cut off when their time is over or the server is stopped.
 */
import { ServerResponse } from "node:http";
import { afterEach, describe, expect, it, vi } from "vitest";
import { RawClient, written } from "./raw.ts";
import { openScripted, type Piece, post, type ScriptedOptions, type ScriptedServer } from "./scripted.ts";
import { checkIdle, Steps, until } from "./steps.ts";

/** A token whose frame, with its bytes as numbers, has some 20 kB: more of them than any connection's buffers take. */
const long: Piece = "x".repeat(4000);
const TOKENS = 1200;
const BYTES = 15_000 * TOKENS;
const asked = { prompt: "a", max_tokens: TOKENS, stream: true };
/** Chat, for its frames tell bytes one by one. */
const talked = {
  messages: [{ role: "user", content: "a" }],
  ...{ max_tokens: TOKENS, stream: true, logprobs: true },
};

let server: ScriptedServer;
async function open(options: ScriptedOptions = {}): Promise<void> {
  server = await openScripted({ pieces: [long, "word "], pages: 2048, positions: 4096, ...options });
}
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

/** A client that has asked and reads nothing. */
async function unread(): Promise<RawClient> {
  const client = await RawClient.open(server.url);
  client.socket.pause();
  client.send(written("/v1/chat/completions", talked));
  return client;
}

/** Most bytes that an answer had in memory at a time, and how many its connection has taken. */
function watchWrites() {
  const seen = { most: 0, frames: 0 };
  const write = ServerResponse.prototype.write;
  vi.spyOn(ServerResponse.prototype, "write").mockImplementation(function (this: ServerResponse, ...given: unknown[]) {
    const room = Reflect.apply(write, this, given) as boolean;
    seen.most = Math.max(seen.most, this.writableLength);
    seen.frames++;
    return room;
  });
  return seen;
}

describe("a client that does not read its stream", () => {
  it("stops no other, has few bytes in memory, and gets all of it when it reads on", async () => {
    await open();
    server.sayForever(long);
    const seen = watchWrites();
    const client = await unread();
    // The engine goes on to the end, and its pages are free: tokens wait, not frames.
    await until(() => server.steps() >= TOKENS && server.loop.open.size === 0);
    checkIdle(server);
    let before = -1;
    while (before !== seen.frames) {
      before = seen.frames;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(seen.frames).toBeLessThan(TOKENS);
    expect(seen.most).toBeLessThan(100_000);
    server.say("word ");
    for (let i = 0; i < 20; i++)
      expect((await post(`${server.url}/v1/completions`, { prompt: "b" })).body.choices[0].text).toBe("word ");
    client.socket.resume();
    await client.has("data: [DONE]");
    expect(client.text.length).toBeGreaterThan(BYTES);
    expect(client.text.split('"finish_reason":"length"')).toHaveLength(2);
    expect(seen.most).toBeLessThan(100_000);
    client.leave();
  });

  it("ten of them: steps go on for the others, one token each", async () => {
    await open();
    server.sayForever(long);
    const clients = await Promise.all(Array.from({ length: 10 }, unread));
    await until(() => server.engine.running.length === 10);
    const { body } = await post(`${server.url}/v1/completions`, { prompt: "b", max_tokens: 50 });
    expect(body.usage.completion_tokens).toBe(50);
    for (const client of clients) client.leave();
    await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
    checkIdle(server);
  });

  it("goes away: its pages are free two steps later", async () => {
    await open();
    server.sayForever(long);
    const steps = new Steps(server);
    const client = await unread();
    steps.allow(900);
    await until(() => server.steps() === 900 && steps.isHeld);
    expect(server.engine.running).toHaveLength(1);
    client.leave();
    await until(() => server.lines.length > 0);
    steps.allow(2);
    await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
    expect(server.steps()).toBeLessThanOrEqual(902);
    checkIdle(server);
    steps.allow();
  });

  it("is cut off when its time is over and it does not read on", async () => {
    await open({ timeout: 400, grace: 30 });
    server.sayForever(long);
    const client = await unread();
    await until(() => server.lines.length > 0);
    expect(server.lines).toEqual(["POST /v1/chat/completions 200"]);
    await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
    checkIdle(server);
    client.socket.resume();
    await until(() => client.isClosed);
    expect(client.text).not.toContain("[DONE]");
  });
});

describe("a server that is stopped", () => {
  it("finishes what runs and waits for who reads late", async () => {
    await open();
    server.sayForever(long);
    const client = await unread();
    await until(() => server.engine.running.length === 1);
    const closed = server.finish();
    expect(await post(`${server.url}/v1/completions`, { prompt: "b" }).catch(() => "refused")).toBe("refused");
    await until(() => server.loop.open.size === 0);
    client.socket.resume();
    await client.has("data: [DONE]");
    await closed;
    expect(client.text.split('"finish_reason":"length"')).toHaveLength(2);
  });

  it("a second close aborts what the first one finishes: who reads is told, and who does not is cut off", async () => {
    await open({ grace: 30 });
    server.sayForever(long);
    const steps = new Steps(server);
    const client = await unread();
    steps.allow(900);
    await until(() => server.steps() === 900 && steps.isHeld);
    server.sayForever("word ");
    const whole = post(`${server.url}/v1/completions`, { ...asked, stream: false });
    const reading = await RawClient.open(server.url);
    reading.send(written("/v1/completions", asked));
    await until(() => server.loop.open.size === 3);
    const first = server.finish();
    steps.allow(1);
    await until(() => server.steps() === 901 && steps.isHeld);
    expect(server.loop.open.size).toBe(3); // they are being finished
    const second = server.close();
    steps.allow();
    await Promise.all([first, second]);
    expect(server.steps()).toBeLessThanOrEqual(903);
    checkIdle(server);
    const { status, body } = await whole;
    expect([status, body.error.code]).toEqual([503, "closing"]);
    await until(() => reading.isClosed);
    expect(reading.text).toContain("The server is being stopped, and has ended this request.");
    expect(reading.text).toContain("data: [DONE]");
    client.socket.resume();
    await until(() => client.isClosed);
    expect(client.text).not.toContain("[DONE]");
    expect(server.errors).toEqual([]);
  });

  it("a second close ends embeddings, too", async () => {
    let calls = 0;
    let release = (): void => {};
    const embed = async (): Promise<Float32Array> => {
      calls++;
      await new Promise<void>((resolve) => (release = resolve));
      return Float32Array.of(1);
    };
    await open({ embed });
    const answer = post(`${server.url}/v1/embeddings`, { input: ["a", "b", "c"] });
    await until(() => calls === 1);
    const first = server.finish();
    const second = server.close();
    release();
    const { status, body } = await answer;
    expect([status, body.error.code, calls]).toEqual([503, "closing", 1]);
    await Promise.all([first, second]);
  });
});
