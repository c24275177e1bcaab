/** Wires where sockets have no descriptors: rings between two threads. Jobs over them: conformance, process-faults. */
import { connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { RankIoThread } from "../../src/job/node/processes/io-thread.ts";
import { ByteRing, READER, WRITER } from "../../src/platform/node/byte-ring.ts";
import { SocketConnection } from "../../src/platform/node/connection.ts";
import { Listener } from "../../src/platform/node/listener.ts";
import { newRings, Relay, RelayedWire } from "../../src/platform/node/relay.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { Coordinator, defaultTable } from "../../src/world/index.ts";

/** The bytes of a stream, as their place says. */
const byteAt = (place: number): number => (place * 7 + (place >>> 8)) & 255;
const bytesFrom = (from: number, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => byteAt(from + i));

describe("a ring", () => {
  it("hands bytes on in their order, however they are cut, and wraps", () => {
    const random = mulberry32(1);
    const ring = new ByteRing(new SharedArrayBuffer(ByteRing.bytes), 0);
    let [written, read] = [0, 0];
    while (read < 3e6) {
      const piece = bytesFrom(written, Math.floor(random() * 100_000));
      written += ring.write(piece);
      const target = new Uint8Array(Math.floor(random() * 100_000));
      const count = ring.read(target);
      expect(Buffer.compare(target.subarray(0, count), bytesFrom(read, count))).toBe(0);
      read += count;
      expect(ring.length).toBe(written - read);
    }
    expect(ring.write(new Uint8Array(1e6))).toBeLessThan(1e6);
    expect(ring.write(new Uint8Array(1))).toBe(0);
  });

  it("answers a question once", () => {
    const ring = new ByteRing(new SharedArrayBuffer(ByteRing.bytes), 0);
    expect([ring.wasAsked(READER), ring.wasAsked(WRITER)]).toEqual([false, false]);
    ring.ask(READER);
    expect([ring.wasAsked(WRITER), ring.wasAsked(READER), ring.wasAsked(READER)]).toEqual([false, true, false]);
  });
});

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy();
});

/** Two ends of a connection over loopback. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const near = connect((server.address() as { port: number }).port, "127.0.0.1");
  const far = await new Promise<Socket>((resolve) => server.once("connection", resolve));
  server.close();
  open.push(near, far);
  return [near, far];
}

/** A socket with both sides of a relay, in one thread; what they tell each other goes through the event loop. */
function relayed(socket: Socket) {
  const rings = newRings();
  const told = { times: 0 };
  const relay = new Relay(socket, rings, (ended) => {
    told.times++;
    if (ended !== undefined) setImmediate(() => wire.end(ended));
  });
  const wire: RelayedWire = new RelayedWire(
    rings,
    () => setImmediate(() => relay.look()),
    (bytes, done) => setImmediate(() => relay.write(bytes, () => done())),
  );
  return { wire, told };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a relayed wire", () => {
  it("carries more than its rings hold, in both directions, and rests while nobody reads", async () => {
    const [near, far] = await pair();
    const { wire } = relayed(near);
    const total = 2_000_000;
    far.pause();
    far.write(bytesFrom(0, total));
    let sent = 0;
    for (let i = 0; i < 100; i++) {
      sent += wire.write(bytesFrom(sent, Math.min(100_000, total - sent)));
      await turn();
    }
    expect(near.isPaused()).toBe(true); // the ring is full: the network holds the rest back
    let back = 0;
    far.on("data", (bytes: Buffer) => {
      expect(Buffer.compare(bytes, bytesFrom(back, bytes.length))).toBe(0);
      back += bytes.length;
    });
    far.resume();
    let read = 0;
    const target = new Uint8Array(70_001);
    while (read < total || back < total) {
      const count = wire.read(target);
      expect(Buffer.compare(target.subarray(0, count), bytesFrom(read, count))).toBe(0);
      read += count;
      sent += wire.write(bytesFrom(sent, Math.min(100_000, total - sent)));
      await turn();
    }
    expect([read, back, sent]).toEqual([total, total, total]);
  });

  it("finishes in the background, behind what was written before", async () => {
    const [near, far] = await pair();
    const { wire } = relayed(near);
    const heard: Buffer[] = [];
    far.on("data", (bytes: Buffer) => void heard.push(bytes));
    expect(wire.write(bytesFrom(0, 1000))).toBe(1000);
    const done = new Promise<void>((resolve) => wire.finish(bytesFrom(1000, 500_000), resolve));
    expect(wire.write(new Uint8Array(1))).toBe(0);
    await done;
    expect(wire.write(bytesFrom(501_000, 10))).toBe(10);
    while (heard.reduce((sum, { length }) => sum + length, 0) < 501_010) await turn();
    expect(Buffer.compare(Buffer.concat(heard), bytesFrom(0, 501_010))).toBe(0);
  });

  it("is told once when something comes after it has looked in vain", async () => {
    const [near, far] = await pair();
    const { wire, told } = relayed(near);
    const target = new Uint8Array(10);
    expect(wire.read(target)).toBe(0);
    for (let i = 0; i < 3; i++) {
      far.write(bytesFrom(0, 3));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(told.times).toBe(1);
    expect([wire.read(target), wire.broken]).toEqual([9, undefined]);
  });

  it("hands on what came before the end, and says why it ended", async () => {
    for (const [how, reason] of [
      ["end", /^it was closed$/],
      ["resetAndDestroy", /^(it was closed|ECONNRESET)$/], // not every kernel tells
    ] as const) {
      const [near, far] = await pair();
      const { wire } = relayed(near);
      far.write(bytesFrom(0, 600_000));
      const target = new Uint8Array(600_000);
      let read = 0;
      while (read < 300_000) {
        read += wire.read(target.subarray(read, 300_000));
        await turn();
      }
      far[how]();
      while (wire.broken === undefined) {
        read += wire.read(target.subarray(read));
        await turn();
      }
      read += wire.read(target.subarray(read));
      if (how === "end") expect(read).toBe(600_000);
      expect(Buffer.compare(target.subarray(0, read), bytesFrom(0, read))).toBe(0);
      expect([wire.broken, wire.write(target)]).toEqual([expect.stringMatching(reason), 0]);
    }
  });
});

it("two threads lose no byte and no question between them", async () => {
  const total = 4_000_000;
  const memory = new SharedArrayBuffer(ByteRing.bytes);
  const ring = new ByteRing(memory, 0);
  // The other thread reads, and goes to sleep when it has asked and found nothing.
  const source = `
    const { workerData: { url, memory, total }, parentPort } = require("node:worker_threads");
    import(url).then(({ ByteRing, READER }) => {
      const ring = new ByteRing(memory, 0);
      const target = new Uint8Array(5000);
      let read = 0;
      const go = () => {
        for (;;) {
          let count = ring.read(target);
          if (count === 0) {
            ring.ask(READER);
            count = ring.read(target);
            if (count === 0) return;
          }
          for (let i = 0; i < count; i++)
            if (target[i] !== (((read + i) * 7 + ((read + i) >>> 8)) & 255)) throw new Error("byte " + (read + i));
          read += count;
          if (read === total) return parentPort.close();
        }
      };
      parentPort.on("message", go);
      go();
    });`;
  const url = new URL("../../src/platform/node/byte-ring.ts", import.meta.url);
  const { build } = await import("esbuild");
  const { outputFiles } = await build({ entryPoints: [fileURLToPath(url)], format: "esm", write: false });
  const code = `data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`;
  const worker = new Worker(source, { eval: true, workerData: { url: code, memory, total } });
  const ended = new Promise((resolve, reject) => worker.once("exit", resolve).once("error", reject));
  for (let written = 0; written < total; ) {
    const count = ring.write(bytesFrom(written, Math.min(3001, total - written)));
    written += count;
    if (ring.wasAsked(READER)) worker.postMessage(0);
    if (count === 0 || written % 10 === 0) await turn();
  }
  expect(await ended).toBe(0);
});

it("I/O threads at ports of loopback hand rings to their ranks, and bytes pass through both", async () => {
  const secret = "the ranks' secret";
  const coordinator = new Coordinator({ size: 2, timeout: 2000, now: () => performance.now() });
  const onCall = (socket: Socket, { from }: { from: number }): void =>
    coordinator.attach(new SocketConnection(socket, `rank ${from}`));
  const listener = new Listener({ secret, generation: 0, onCall });
  const port = await listener.listen({ host: "127.0.0.1", port: 0 });
  const common = { size: 2, generation: 0, secret, timeout: 2000, host: "here", table: defaultTable };
  const ranks = [0, 1].map((rank) => {
    const address = { host: "127.0.0.1", port };
    const io = new RankIoThread({ ...common, rank, coordinator: address, folder: undefined, relayed: true });
    const wires: RelayedWire[] = [];
    io.listen({
      onMessage(mail) {
        if (mail.type === "relayed" && mail.ended !== undefined) wires[mail.wire].end(mail.ended);
        if (mail.type !== "wire") return;
        const { wire, rings } = mail.handle;
        const finish = (bytes: Uint8Array): void => io.finish(1, wire, bytes);
        if (rings) wires[wire] = new RelayedWire(rings, () => setImmediate(() => io.look(wire)), finish);
      },
    });
    return { io, wires };
  });
  const [first, second] = ranks;
  const [{ members }] = await Promise.all(ranks.map(({ io }) => io.join()));
  for (const { place } of members) {
    expect(place).toEqual({ host: "here", address: "127.0.0.1", port: expect.any(Number) });
  }
  first.io.told({ type: "connect", peer: 1 });
  while (first.wires.length === 0 || second.wires.length === 0) await turn();
  second.wires[0].write(bytesFrom(0, 100));
  second.wires[0].finish(bytesFrom(100, 400_000), () => {});
  const target = new Uint8Array(400_100);
  for (let read = 0; read < target.length; await turn()) read += first.wires[0].read(target.subarray(read));
  expect(Buffer.compare(target, bytesFrom(0, target.length))).toBe(0);
  for (const { io } of ranks) io.close();
  coordinator.stop();
  listener.close();
});
