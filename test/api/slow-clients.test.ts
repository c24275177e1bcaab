/**
 * Clients that do not read, or read late: they hold up nobody, take no more memory than a connection's buffers and the tokens
 * themselves, and are cut off when their time is over or the server is stopped.
 */
import { once } from "node:events";
import { createServer, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ApiError } from "../../src/api/errors.ts";
import { Requests } from "../../src/api/node/requests.ts";
import { RawClient, written } from "./raw.ts";
import { openScripted, type Piece, post, type ScriptedOptions, type ScriptedServer } from "./scripted.ts";
import { checkIdle, Steps, until } from "./steps.ts";

/** A token whose frame, with its bytes as numbers, has some 6 kB: together more than any connection's buffers take. */
const long: Piece = "x".repeat(1000);
const TOKENS = 3000;
const BYTES = 6000 * TOKENS;
/** Of them, what is more than those buffers, too. */
const MANY = 2500;
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
    steps.allow(MANY);
    await until(() => server.steps() === MANY && steps.isHeld);
    expect(server.engine.running).toHaveLength(1);
    client.leave();
    await until(() => server.lines.length > 0);
    steps.allow(2);
    await until(() => server.loop.open.size === 0 && server.engine.running.length === 0);
    expect(server.steps()).toBeLessThanOrEqual(MANY + 2);
    checkIdle(server);
    steps.allow();
  });
});

it("a request whose time is over is cut off, in the middle of what its client does not read", async () => {
  const requests = new Requests({ timeout: 20, grace: 20 });
  const sent = 32 * 2 ** 20; // more than any connection's buffers take
  const over: string[] = [];
  const bare = createServer((_, response) => {
    const signal = requests.begin(response);
    signal.addEventListener("abort", () => over.push((signal.reason as ApiError).code ?? ""));
    response.end("x".repeat(sent));
  }).listen(0, "127.0.0.1");
  const connections: Socket[] = [];
  bare.on("connection", (socket: Socket) => connections.push(socket));
  await once(bare, "listening");
  const { port } = bare.address() as AddressInfo;
  const client = await RawClient.open(`http://127.0.0.1:${port}`);
  client.socket.pause();
  client.send(written("/"));
  await until(() => over.length === 1);
  await until(() => connections.every(({ destroyed }) => destroyed));
  expect(over).toEqual(["timeout"]);
  client.socket.resume();
  await until(() => client.isClosed);
  expect(client.text.length).toBeGreaterThan(0);
  expect(client.text.length).toBeLessThan(sent);
  bare.close();
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
    steps.allow(MANY);
    await until(() => server.steps() === MANY && steps.isHeld);
    server.sayForever("word ");
    const whole = post(`${server.url}/v1/completions`, { ...asked, stream: false });
    const reading = await RawClient.open(server.url);
    reading.send(written("/v1/completions", asked));
    await until(() => server.loop.open.size === 3);
    const first = server.finish();
    steps.allow(1);
    await until(() => server.steps() === MANY + 1 && steps.isHeld);
    expect(server.loop.open.size).toBe(3); // they are being finished
    const second = server.close();
    steps.allow();
    await Promise.all([first, second]);
    expect(server.steps()).toBeLessThanOrEqual(MANY + 3);
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
