import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SocketConnection } from "../../src/platform/node/connection.ts";
import { call, type HandshakeError, type Introduction } from "../../src/platform/node/handshake.ts";
import { Listener } from "../../src/platform/node/listener.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-handshake-"));
const path = join(folder, "a.sock");
const secret = "what only we know";
const intro: Introduction = { purpose: "join", generation: 3, from: 2, to: 0 };
const callers: Introduction[] = [];
let listener: Listener;

beforeAll(async () => {
  listener = new Listener({
    secret,
    generation: 3,
    onCall: (socket, caller) => {
      callers.push(caller);
      const connection = new SocketConnection(socket, "caller");
      connection.listen((message) => connection.send({ got: message }));
    },
  });
  await listener.listen({ path });
});

afterAll(() => {
  listener.close();
  rmSync(folder, { recursive: true });
});

function open(to = path): Promise<Socket> {
  return new Promise((resolve) => {
    const socket: Socket = connect(to, () => resolve(socket));
    socket.on("error", () => {});
  });
}

async function kindOf(attempt: Promise<unknown>): Promise<string> {
  const error = (await attempt.then(
    () => ({ kind: "welcome" }),
    (thrown) => thrown,
  )) as HandshakeError;
  return error.kind;
}

/** Everything the other side says until it hangs up. */
async function answerTo(...pieces: Uint8Array[]): Promise<Buffer> {
  const socket = await open();
  const parts: Buffer[] = [];
  socket.on("data", (data) => void parts.push(data));
  for (const piece of pieces) socket.write(piece);
  await new Promise((resolve) => socket.on("close", resolve));
  return Buffer.concat(parts);
}

it("lets those in who know the secret, and messages follow", async () => {
  const socket = await open();
  await call(socket, secret, intro);
  const connection = new SocketConnection(socket, "listener");
  const reply = new Promise((resolve) => {
    connection.listen(resolve);
  });
  connection.send({ hello: "there", long: "x".repeat(200_000) });
  expect(await reply).toEqual({ got: { hello: "there", long: "x".repeat(200_000) } });
  expect(callers.at(-1)).toEqual(intro);
  connection.close();
});

it("keeps the others out, and each side says why", async () => {
  const before = { ...listener.refused };
  expect(await kindOf(call(await open(), "something else", intro))).toBe("closed");
  const old = call(await open(), secret, { ...intro, generation: 2 });
  await expect(old).rejects.toThrow("this is generation 2 of the job, which is at generation 3");
  expect(listener.refused).toMatchObject({
    secret: (before.secret ?? 0) + 1,
    generation: (before.generation ?? 0) + 1,
  });
});

it("notices another version, on both sides", async () => {
  // What a later version would say first, and how it would answer us.
  const later = Buffer.alloc(40);
  later.writeUInt32BE(0x57535a0a, 0);
  later.writeUInt16BE(3, 4);
  const challenge = await answerTo(later);
  expect([challenge.length, challenge.readUInt16BE(4)]).toEqual([24, 2]);
  expect(listener.refused.version).toBe(1);
  const other = join(folder, "later.sock");
  const server = createServer((socket) => void socket.end(later.subarray(0, 24))).listen(other);
  const attempt = call(await open(other), secret, intro);
  await expect(attempt).rejects.toThrow(
    "it speaks protocol 3, this is protocol 2: all ranks must run the same version",
  );
  server.close();
});

it("does not believe a listener that cannot prove itself", async () => {
  const other = join(folder, "impostor.sock");
  const server = createServer((socket) => {
    const head = Buffer.alloc(24);
    head.writeUInt32BE(0x57535a0a, 0);
    head.writeUInt16BE(2, 4);
    socket.write(head);
    let heard = 0;
    socket.on("data", (data) => {
      heard += data.length;
      if (heard === 72) socket.write(Buffer.alloc(36)); // HELLO and PROOF have come
    });
    socket.on("error", () => {});
  }).listen(other);
  expect(await kindOf(call(await open(other), secret, intro))).toBe("secret");
  server.close();
});

it("a recorded handshake is worth nothing", async () => {
  // Records what a caller says to a listener it knows, and says the same again.
  const said: Buffer[] = [];
  const tap = join(folder, "tap.sock");
  const server = createServer((socket) => {
    const through = connect(path);
    socket.on("data", (data) => {
      said.push(data);
      through.write(data);
    });
    through.on("data", (data) => socket.write(data));
    socket.on("close", () => through.destroy());
  }).listen(tap);
  const socket = await open(tap);
  await call(socket, secret, intro);
  socket.destroy();
  server.close();
  const count = callers.length;
  const answer = await answerTo(...said);
  expect(answer.length).toBe(24); // a challenge, and no welcome
  expect(callers.length).toBe(count);
});

it("strangers learn nothing, and slow ones are dropped", async () => {
  expect(await answerTo(Buffer.from("GET / HTTP/1.1\r\nHost: somewhere.example\r\n\r\n"))).toHaveLength(0);
  expect(await answerTo(Buffer.alloc(1_000_000, 7))).toHaveLength(0);
  const started = performance.now();
  await answerTo(Buffer.from("WSZ")); // and then nothing more
  expect(performance.now() - started).toBeGreaterThan(4900); // the deadline, and not for ever
  expect(listener.refused.slow).toBe(1);
}, 15_000);

it("a message that is too long, or is no JSON, closes the connection", async () => {
  for (const nonsense of [Buffer.from("ffffffff00", "hex"), Buffer.from("\0\0\0\x03{a}")]) {
    const socket = await open();
    await call(socket, secret, intro);
    socket.resume();
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.write(nonsense);
    await closed;
  }
});
