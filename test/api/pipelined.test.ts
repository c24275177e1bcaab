/** Several requests on one connection before the first is answered. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { openScripted, type ScriptedServer } from "./scripted.ts";

let server: ScriptedServer;
afterEach(() => server.close());

function streamOf(prompt: string, host: string): string {
  const body = JSON.stringify({ prompt, stream: true, max_tokens: 400 });
  const head = `host: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return `POST /v1/completions HTTP/1.1\r\n${head}${body}`;
}

it("whoever leaves has left all of them: also an answer that had no turn yet stops, and gives its pages back", async () => {
  server = await openScripted({ pieces: ["word "], pages: 512 });
  server.sayForever("word ");
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(["One.", "Two.", "Three."].map((prompt) => streamOf(prompt, hostname)).join(""));
  await once(socket, "data");
  while (server.loop.open.size < 3) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  while (server.loop.open.size === 3) await new Promise((resolve) => setImmediate(resolve));
  const heard = server.steps(); // the first one is over: the server knows that the client has gone
  while (server.loop.open.size > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(server.steps() - heard).toBeLessThanOrEqual(2);
  const { free, idle } = server.pool.counts();
  expect(free + idle).toBe(server.pool.pages);
  expect(server.errors).toEqual([]);
});

it("are answered in their order", async () => {
  server = await openScripted({ pieces: ["word "] });
  server.say("word ");
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`;
  socket.write(streamOf("One.", hostname) + ask("/health") + ask("/v1/models"));
  let text = "";
  socket.on("data", (data) => {
    text += String(data);
  });
  while (!text.includes("max_model_len")) await once(socket, "data");
  const places = ["[DONE]", '"status":"ok"', "max_model_len"].map((part) => text.indexOf(part));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places.every((place) => place > 0)).toBe(true);
  socket.destroy();
});
