/** Threads that are used again are as good as new: what a program leaves behind is not there for the next one. */
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { reusedThreads } from "../../src/platform/node/reused-threads.ts";
import { runProgram } from "../helpers/jobs.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("reused");

interface Seen {
  readonly thread: number;
  readonly found: readonly string[];
}

/** What each rank of a run saw of what was there before, by its thread. */
async function seen(leave: string, transport: "shm" | "local"): Promise<Seen[]> {
  const job = { ranks: 2, transport, options: { leave }, silence: 0 };
  const { shown } = await runProgram("test/programs/leftovers.ts", job);
  return shown.map(({ shown }) => JSON.parse((shown as { text: string }).text) as Seen);
}

const leavings = [
  "global",
  "builtin",
  "prototype",
  "method",
  "env",
  "exitCode",
  "listener",
  "timer",
  "loaded",
  "replaced",
  "failure",
];

it.each(["shm", "local"] as const)(
  "what one program leaves behind over %s, the next one does not find",
  async (transport) => {
    let again = 0;
    const shared: string[] = [];
    for (const leave of leavings) {
      const before = await seen(leave, transport);
      const after = await seen("nothing", transport);
      for (const { found } of [...before, ...after]) expect(`after ${leave}: ${found}`).toBe(`after ${leave}: `);
      if (after.every(({ thread }) => before.some((each) => each.thread === thread))) shared.push(leave);
      const last = await seen("nothing", transport);
      const threads = new Set(after.map(({ thread }) => thread));
      again += last.filter(({ thread }) => threads.has(thread)).length;
      expect(last.flatMap(({ found }) => found)).toEqual([]);
    }
    expect(again).toBe(2 * leavings.length); // and a program that leaves nothing has its thread used again
    expect(shared).toContain("loaded"); // which is nothing to end a thread for
  },
);

/** A thread that says what it is told, and that it is free at once; told to end, it does so once it is free. */
const thread = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from "node:worker_threads";
    parentPort.on("message", ({ turn, start }) => {
      if (turn > 0) parentPort.postMessage({ type: "message", turn: turn - 1, message: "late" });
      parentPort.postMessage({ type: "message", turn, message: threadId });
      parentPort.postMessage({ type: "free", turn });
      if (start === null) return;
      process.once("exit", () => Atomics.store(new Int32Array(start), 0, 1));
      process.exit(3);
    });
  `)}`,
);

it("a thread that is ended while its word that it is free is on its way is not used again", async () => {
  const threads = reusedThreads(thread);
  const first = await new Promise<number>((resolve) => {
    const killed = threads.spawn<never, number>("role", null, {
      name: "first",
      onMessage: (number) => void killed.kill().then(() => resolve(number)),
    });
  });
  // A thread that is no more would be given a role, and never answer.
  const second = await new Promise<number>((resolve) => {
    threads.spawn<never, number>("role", null, { name: "second", onMessage: resolve });
  });
  expect(second).not.toBe(first);
});

it("a thread that ends while it waits for a role is not used again", async () => {
  const threads = reusedThreads(thread);
  const word = new Int32Array(new SharedArrayBuffer(4));
  await threads.spawn("role", word.buffer, { name: "first" }).ended;
  while (Atomics.load(word, 0) === 0) await setTimeout(1);
  await setTimeout(200); // for the word of its end
  const said: number[] = [];
  const second = threads.spawn<never, number>("role", null, { name: "second", onMessage: (id) => said.push(id) });
  expect(await second.ended).toEqual({ error: undefined, exitCode: 0 });
  expect([said.length, threads.busy()]).toEqual([1, 0]);
});

it("what a role says after its end is not taken for the next one's", async () => {
  const threads = reusedThreads(thread);
  const said: unknown[] = [];
  for (const name of ["first", "second", "third"])
    await threads.spawn<never, unknown>("role", null, { name, onMessage: (each) => said.push(each) }).ended;
  expect(said).toHaveLength(3);
  expect(new Set(said).size).toBe(1); // one thread, three roles
});
