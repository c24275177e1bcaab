import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { IoMessage } from "../../src/job/node/processes/io-messages.ts";
import { RankIoThread } from "../../src/job/node/processes/io-thread.ts";
import { SocketConnection } from "../../src/platform/node/connection.ts";
import { Listener } from "../../src/platform/node/listener.ts";
import type { Report } from "../../src/world/health/diagnose.ts";
import { Coordinator, defaultTable, RemoteStore } from "../../src/world/index.ts";
import { joinOf } from "../helpers/coordinator.ts";

let folder: string;
let coordinator: Coordinator;
let listener: Listener;
let sockets: Socket[];
let ios: RankIoThread[];
const secret = "the ranks' secret";

/** A coordinator for so many ranks. */
async function coordinate(size: number, timeout = 2000): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), "worldsize-io-"));
  coordinator = new Coordinator({ size, timeout, now: () => performance.now() });
  sockets = [];
  ios = [];
  listener = new Listener({
    secret,
    generation: 0,
    onCall: (socket, { from }) => {
      sockets.push(socket);
      coordinator.attach(new SocketConnection(socket, `rank ${from}`));
    },
  });
  await listener.listen({ path: join(folder, "job.sock") });
}

function open(rank: number, size: number, generation = 0, own = folder): RankIoThread {
  const io = new RankIoThread({
    rank,
    size,
    generation,
    secret,
    coordinator: { path: join(folder, "job.sock") },
    timeout: 2000,
    host: "here",
    folder: own,
    table: { ...defaultTable, doublingBytes: 100 + rank },
  });
  ios.push(io);
  return io;
}

beforeEach(() => coordinate(2));
afterEach(() => {
  for (const io of ios) io.close();
  coordinator.stop();
  listener.close();
  rmSync(folder, { recursive: true, force: true });
});

function report(rank: number, state: Report["state"]): Report {
  return { rank, state, error: "", pending: [], recent: [], moves: 0 };
}

it("ranks find each other, and take rank 0's thresholds", async () => {
  const joined = [open(1, 2).join(), open(0, 2).join()];
  for (const { members, table } of await Promise.all(joined)) {
    expect(members.map(({ rank, place }) => [rank, place.path])).toEqual([
      [0, join(folder, "rank-0.g0.sock")],
      [1, join(folder, "rank-1.g0.sock")],
    ]);
    expect(table.doublingBytes).toBe(100);
  }
});

it("a line that the network drops comes back; what was asked is answered once", async () => {
  const [first, second] = [open(0, 2), open(1, 2)];
  await Promise.all([first.join(), second.join()]);
  const mail: IoMessage[] = [];
  const store: RemoteStore = new RemoteStore((id, oldest, call) => first.store(id, oldest, call));
  first.listen({
    onMessage(letter) {
      mail.push(letter);
      if (letter.type === "stored") store.replied(letter.id, letter.reply);
    },
  });
  for (let round = 1; round <= 5; round++) {
    const sum = store.add("count", 1);
    for (const socket of sockets.splice(0)) socket.destroy(); // before the answer could leave
    expect(await sum).toBe(round);
  }
  expect(mail.filter(({ type }) => type === "verdict")).toEqual([]);
  // The job goes on to its good end.
  first.told({ type: "left", report: report(0, "finished") });
  second.told({ type: "left", report: report(1, "finished") });
  expect(await coordinator.over).toMatchObject({ ok: true });
});

it("a rank whose line does not come back is dead within two seconds", async () => {
  const [first, second] = [open(0, 2), open(1, 2)];
  await Promise.all([first.join(), second.join()]);
  const verdict = new Promise<string>((resolve) => {
    first.listen({ onMessage: (letter) => letter.type === "verdict" && resolve(letter.message) });
  });
  const began = performance.now();
  second.close(); // as if its process had ended
  expect(await verdict).toBe("rank 1 is gone: its process ended, or its connection was cut.");
  expect(performance.now() - began).toBeLessThan(2000);
});

it("a peer that cannot be reached is named", async () => {
  const [first, second] = [open(0, 2), open(1, 2)];
  await Promise.all([first.join(), second.join()]);
  rmSync(join(folder, "rank-1.g0.sock"));
  first.told({ type: "connect", peer: 1 });
  const { ok, message } = await coordinator.over;
  expect([ok, message]).toEqual([false, expect.stringMatching(/rank 0 could not reach rank 1 \(.*ENOENT/)]);
});

it("nonsense from a rank that knows the secret costs it its connection, and the job goes on", async () => {
  const [first, second] = [open(0, 2), open(1, 2)];
  await Promise.all([first.join(), second.join()]);
  const nonsense = [null, 1, "x", {}, { pending: [], recent: {} }, { ...report(1, "running"), pending: [{}] }];
  for (const wrong of nonsense) {
    const before = sockets.length;
    while (sockets.length === before) {
      // Said again: what is told while the line is away is a status, which nobody keeps.
      second.told({ type: "status", report: wrong } as never);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  first.told({ type: "left", report: report(0, "finished") });
  sockets.at(-1)?.destroy();
  second.told({ type: "left", report: report(1, "finished") }); // said again on the new line
  expect(await coordinator.over).toMatchObject({ ok: true });
});

it("a rank whose line dropped at the good end of the job learns of that end, not of a failure", async () => {
  const sent: object[] = [];
  const join = joinOf(coordinator, (to, message) => void sent.push({ to, ...message }));
  const [first, second] = [join(0), join(1)];
  second.say({ type: "left", report: report(1, "finished") });
  second.drop("the network dropped it");
  first.say({ type: "left", report: report(0, "finished") });
  expect(await coordinator.over).toMatchObject({ ok: true });
  sent.length = 0;
  join(1);
  expect(sent).toEqual([{ to: 1, type: "over" }]);
});

it.each([2, 5])("intruders are told why, and the job of %i ranks goes on", async (size) => {
  coordinator.stop();
  listener.close();
  rmSync(folder, { recursive: true, force: true });
  await coordinate(size);
  const ranks = Array.from({ length: size }, (_, rank) => open(rank, size));
  await Promise.all(ranks.map((io) => io.join()));
  const began = performance.now();
  const last = size - 1;
  const elsewhere = mkdtempSync(join(folder, "other-"));
  await expect(open(last, size, 0, elsewhere).join()).rejects.toThrow(
    `rank ${last} is already here, as process ${process.pid} of here.`,
  );
  await expect(open(0, size + 1, 0, elsewhere).join()).rejects.toThrow(
    `it belongs to a world of ${size + 1} ranks, but this one has ${size}.`,
  );
  await expect(open(last, size, 7, elsewhere).join()).rejects.toThrow(
    /rank \d could not join the job at .*: this is generation 7 of the job, which is at generation 0\./,
  );
  expect(performance.now() - began).toBeLessThan(2000);
  expect(listener.refused).toEqual({ generation: 1 });
  for (const [rank, io] of ranks.entries()) io.told({ type: "left", report: report(rank, "finished") });
  expect(await coordinator.over).toMatchObject({ ok: true });
});
