/** Threads that are used again are as good as new: what a program leaves behind is not there for the next one. */
import { expect, it } from "vitest";
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
