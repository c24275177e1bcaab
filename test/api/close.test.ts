/** A server that is closed: it finishes what it has, and waits for nobody who wants nothing. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { openScripted, post } from "./scripted.ts";

it("does not wait for connections that ask for nothing, nothing more, or only half of something", async () => {
  const server = await openScripted({ pieces: ["word "] });
  const { hostname, port } = new URL(server.url);
  const sockets: Socket[] = [];
  for (const sent of [
    "",
    "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    "POST /v1/completions HTTP/1.1\r\nhost: 127",
  ]) {
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    await once(socket, "connect");
    socket.write(sent);
    if (sent.endsWith("\r\n\r\n")) await once(socket, "data");
  }
  const closed = Promise.all(sockets.map((socket) => once(socket.resume(), "close")));
  await server.close();
  await closed;
});

it("finishes an answer that has begun, and takes no more requests", async () => {
  const server = await openScripted({ pieces: ["word "] });
  server.say("word ", "word ");
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let begun = (): void => {};
  const inStep = new Promise<void>((resolve) => {
    begun = resolve;
  });
  server.hold(() => {
    begun();
    return gate;
  });
  const ask = () => post(`${server.url}/v1/completions`, { prompt: "Say it." });
  const answer = ask();
  await inStep;
  const done = server.finish();
  expect(await ask().catch(() => "refused")).toBe("refused");
  release();
  await done;
  const { status, body } = await answer;
  expect([status, body.choices[0].text]).toEqual([200, "word word "]);
});
