/** What somebody sees who watches a server, and who may. */
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LiveFrame } from "../../src/api/live/frame.ts";
import { EventLines } from "../../src/load/sse.ts";
import { openScripted, post, type ScriptedOptions, type ScriptedServer } from "./scripted.ts";

let server: ScriptedServer;
const open = async (options: ScriptedOptions = {}): Promise<void> => {
  server = await openScripted({ pieces: ["word "], pages: 64, ...options });
  server.say("word ", "word ", "word ");
};
afterEach(() => server.close());

const ask = (body: object = {}, headers: Record<string, string> = {}) =>
  post(
    `${server.url}/v1/chat/completions`,
    { messages: [{ role: "user", content: "Say a few words, please." }], ...body },
    headers,
  );

/** Watches until a frame is as it is wanted, then goes away. */
async function frameWhere(
  good: (frame: LiveFrame) => boolean,
  headers: Record<string, string> = {},
): Promise<LiveFrame> {
  const controller = new AbortController();
  const response = await fetch(`${server.url}/live`, { headers, signal: controller.signal });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const lines = new EventLines();
  try {
    const decoder = new TextDecoder();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read())
      for (const data of lines.push(decoder.decode(next.value, { stream: true }))) {
        const frame = JSON.parse(data) as LiveFrame;
        if (good(frame)) return frame;
      }
  } finally {
    controller.abort();
  }
  throw new Error("The stream has ended without such a frame.");
}

describe("frames", () => {
  it("say who runs, who waits, whose pages are whose, and what was kept", async () => {
    await open({ maxSequences: 2 });
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let steps = 0;
    server.hold(async () => {
      if (steps++ === 2) await gate; // in the third step
    });
    const answers = [ask(), ask(), ask()];
    const frame = await frameWhere(({ running }) => running.first.some(({ tokens, prompt }) => tokens === prompt + 2));
    expect([frame.running.count, frame.waiting.count]).toEqual([2, 1]);
    expect(frame.running.first.map(({ name, colour }) => [name, colour])).toEqual([
      ["A", 0],
      ["B", 1],
    ]);
    expect(frame.waiting.first[0]).toMatchObject({ name: "C", computed: 0, pages: 0 });
    const { prompt, tokens, computed, pages, tail } = frame.running.first[0];
    expect([tokens, computed, pages]).toEqual([prompt + 2, prompt + 1, Math.ceil((prompt + 2) / 4)]);
    expect(tail).toMatch(/word word $/);
    // The second found nothing: both came together. What is whole of the first prompt is kept, once.
    const kept = Math.floor(prompt / 4);
    expect(frame.tree?.nodes).toEqual([{ depth: 0, pages: kept, holders: 2, text: expect.stringContaining("Say a") }]);
    const { counts, states, holders, perCell } = frame.pages;
    expect(perCell).toBe(1);
    for (const state of ["free", "idle", "shared", "own"] as const)
      expect(states.split(state[0]).length - 1, state).toBe(counts[state]);
    expect(counts.shared).toBe(kept);
    for (const [i, state] of [...states].entries())
      expect(holders[i] === ".", `page ${i}`).toBe(state === "f" || state === "i");
    release();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it("tell each step once, and who was in the last one", async () => {
    await open();
    const view = server.live;
    view.open();
    await ask();
    const frame = view.frame();
    // The prompt, then a step for each word; the last one draws the end.
    expect(frame.steps.map(({ prefill, decode }) => [prefill > 0, decode])).toEqual([
      [true, 0],
      ...Array(3).fill([false, 1]),
    ]);
    expect(frame.batch).toEqual([{ name: "A", colour: 0, tokens: 1, kind: "decode" }]);
    expect(frame.totals).toMatchObject({ steps: 4, generatedTokens: 3, cachedTokens: 0 });
    expect(view.frame().steps).toEqual([]);
    await ask();
    const again = view.frame();
    expect(again.steps).toHaveLength(4);
    expect(again.totals.cachedTokens).toBeGreaterThan(0);
    view.close();
    await ask();
    view.open();
    expect(view.frame()).toMatchObject({ steps: [], batch: [] });
    view.close();
  });

  it("name choices of one request apart", async () => {
    await open();
    server.live.open();
    server.hold(async () => {
      if (server.engine.running.length === 3)
        names.add(
          server.live
            .frame()
            .running.first.map(({ name }) => name)
            .join(),
        );
    });
    const names = new Set<string>();
    await ask({ n: 3 });
    expect([...names]).toEqual(["A1,A2,A3"]);
    server.live.close();
  });

  it("stay small: a pool of very many pages comes in cells, a broad tree as what was used last", async () => {
    await open({ pages: 10_000, maxSequences: 64 });
    for (let i = 0; i < 60; i++) await ask({ messages: [{ role: "user", content: `${i}: say a few words, please.` }] });
    const { pages, tree } = server.live.frame();
    expect(pages.perCell).toBe(3);
    expect(pages.states.length).toBe(Math.ceil(10_000 / 3));
    expect(pages.counts.idle).toBeGreaterThan(60);
    expect(tree?.more).toBe(true);
    expect(tree?.nodes.length).toBe(40);
    // What was asked last is there, and every node but the first has one above it.
    expect(tree?.nodes.some(({ text }) => text.includes("59"))).toBe(true);
    expect(tree?.nodes.some(({ text }) => text.includes("user|>1: "))).toBe(false);
    for (const [i, { depth }] of tree?.nodes.entries() ?? [])
      expect(depth).toBeLessThanOrEqual(i === 0 ? 0 : (tree?.nodes[i - 1].depth ?? 0) + 1);
  });
});

/** Asks with a Host header of choice, which fetch does not let anybody set. */
function statusOf(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    asked.on("error", reject).end();
  });
}

describe("who may watch", () => {
  it("without a key, this machine by its own names", async () => {
    await open({ hosts: ["my.example"] });
    const port = new URL(server.url).port;
    expect(await statusOf(`${server.url}/live`, { host: `localhost:${port}` })).toBe(200);
    expect(await statusOf(`${server.url}/live`, { host: `my.example:${port}` })).toBe(403);
    expect(await statusOf(`${server.url}/live`, { host: `other.example:${port}` })).toBe(403);
    expect(await statusOf(`${server.url}/v1/models`, { host: `my.example:${port}` })).toBe(200);
  });

  it("from another address, whoever has the key, and nobody where there is none", async ({ skip }) => {
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const address = all.find(({ internal, family }) => !internal && family === "IPv4")?.address;
    if (!address) return skip("this machine has no address but loopback");
    await open({ host: address });
    expect(await statusOf(`${server.url}/live`, {})).toBe(403);
    expect(await statusOf(`${server.url}/v1/models`, {})).toBe(200);
    await server.close();
    await open({ host: address, apiKey: "open sesame" });
    expect(await statusOf(`${server.url}/live`, {})).toBe(401);
    expect(await statusOf(`${server.url}/live`, { authorization: "Bearer open sesame" })).toBe(200);
  });

  it("with a key, also on this machine, whoever has it", async () => {
    await open({ apiKey: "open sesame" });
    expect((await fetch(`${server.url}/live`)).status).toBe(401);
    const frame = await frameWhere(() => true, { authorization: "Bearer open sesame" });
    expect(frame.model.name).toBe("script");
  });

  it("sixteen at a time, and others once somebody has left", async () => {
    await open();
    const watchers = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const controller = new AbortController();
        const { status } = await fetch(`${server.url}/live`, { signal: controller.signal });
        return { controller, status };
      }),
    );
    expect(watchers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect((await fetch(`${server.url}/live`)).status).toBe(503);
    watchers[0].controller.abort();
    let status = 503;
    const late = new AbortController();
    while (status === 503) {
      const response = await fetch(`${server.url}/live`, { signal: late.signal });
      status = response.status;
      if (status === 503) await response.json();
    }
    expect(status).toBe(200);
    for (const { controller } of [...watchers, { controller: late }]) controller.abort();
  });

  it("a server that is closed does not wait for those who watch", async () => {
    await open();
    const response = await fetch(`${server.url}/live`);
    const text = response.text();
    await server.close();
    expect(await text).toContain('"model"');
  });
});

it("a watcher that waits behind an answer on its own connection is not written to once the server is being closed", async () => {
  await open();
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.hold(() => gate);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const body = JSON.stringify({ prompt: "Say it." });
  const head = `host: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(`POST /v1/completions HTTP/1.1\r\n${head}${body}GET /live HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
  let text = "";
  socket.on("data", (data) => {
    text += String(data);
  });
  const frame = vi.spyOn(server.live, "frame");
  while (frame.mock.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const closed = once(socket, "close");
  const done = server.finish();
  const before = frame.mock.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 250)); // two frames would be due
  expect(frame.mock.calls.length).toBe(before);
  release();
  await Promise.all([done, closed]);
  expect(text).toContain("word word word ");
});

describe("the page", () => {
  const page = new URL("../../dist/page", import.meta.url).pathname;

  it("needs no key, loads nothing from elsewhere, and cannot be framed", async () => {
    await open({ page, apiKey: "open sesame" });
    for (const [path, type] of [
      ["/", "text/html"],
      ["/page.js", "text/javascript"],
      ["/page.css", "text/css"],
    ]) {
      const response = await fetch(server.url + path);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, expect.stringContaining(type)]);
      const policy = response.headers.get("content-security-policy");
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain("unsafe");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      const body = await response.text();
      expect(body).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
      expect(body).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
    }
  });

  it("is not there where none was given", async () => {
    await open();
    expect((await fetch(`${server.url}/`)).status).toBe(404);
  });
});
