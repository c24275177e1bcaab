import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { System } from "../../src/platform/node/system.ts";
import { userFolder } from "../../src/platform/node/user-folder.ts";
import { type Outcome, runProgram } from "../helpers/jobs.ts";
import { fakeWindows } from "../helpers/systems.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const source = readFileSync(new URL("../programs/process-faults.ts", import.meta.url), "utf8").split("\n");

function at(mark: string): string {
  return `process-faults.ts:${source.findIndex((line) => line.endsWith(`// ${mark}`)) + 1}`;
}

const home = mkdtempSync(join(tmpdir(), "worldsize-home-"));
afterAll(() => rmSync(home, { recursive: true }));

/** Milliseconds that a rank may be silent in these tests. */
const TIMEOUT = 3000;

async function run(fault: string, ranks: number, system?: System): Promise<Outcome & { after: number }> {
  const options = { ranks, transport: "tcp", options: { fault }, processes: { timeout: TIMEOUT, system } } as const;
  const outcome = await runProgram("test/programs/process-faults.ts", options);
  const rows = outcome.shown.flatMap(({ shown }) => (shown.kind === "row" ? [shown.row] : []));
  const began = Math.max(...rows.map((row) => Number(row.at ?? 0)));
  expect(rows.length, outcome.failure?.message).toBeGreaterThan(0);
  expectNothingLeft(rows.flatMap(({ pid }) => (pid === undefined ? [] : [Number(pid)])));
  return { ...outcome, after: performance.timeOrigin + performance.now() - began };
}

function expectNothingLeft(pids: readonly number[]): void {
  for (const pid of pids) expect(() => process.kill(pid, 0), `process ${pid} is gone`).toThrow("ESRCH");
  const files = readdirSync(userFolder() ?? "").filter((name) => name.startsWith(`${process.pid}-`));
  expect(files).toEqual([]);
}

interface Expected {
  readonly rank: (size: number) => number;
  readonly message: (size: number) => (string | RegExp)[];
  /** Milliseconds from the fault to the end of the job. */
  readonly within: number;
}

const theLast = (size: number): number => size - 1;
const silent = (size: number): string =>
  `rank ${size - 1} has been silent for ${TIMEOUT / 1e3} s: it is stopped, or its network is cut while rank 0 waits in `;

const faults: Record<string, Expected> = {
  killed: {
    rank: theLast,
    message: (n) => [
      `rank ${n - 1} was killed by SIGKILL while rank 0 waits in allReduce(sum, f32[4]) (${at("killed")})`,
    ],
    within: 2000,
  },
  killedMidway: {
    rank: theLast,
    message: (n) => [
      `rank ${n - 1} was killed by SIGKILL while rank 0 waits in recv(f32[4194304]) from rank ${n - 1} (${at("killedMidway")})`,
    ],
    within: 2500, // half a second of messages first
  },
  stopped: {
    rank: theLast,
    message: (n) => [`${silent(n)}allReduce(sum, f32[4]) (${at("stopped")})`],
    within: TIMEOUT + 2000,
  },
  fullBuffer: {
    rank: theLast,
    message: (n) => [`${silent(n)}send(f32[16777216]) to rank ${n - 1} (${at("fullBuffer")})`],
    within: TIMEOUT + 2500,
  },
  wireCut: {
    rank: () => -1,
    message: () => [
      /rank \d lost its connection to rank \d \((EBADF|it was closed|ECONNRESET|EPIPE|ENOTCONN)( in the middle of a message)?\) while rank \d waits in allReduce\(sum, f32\[4194304\]\)/,
      at("wireCut"),
    ],
    within: 3000,
  },
  aborted: {
    rank: theLast,
    message: (n) => [`rank ${n - 1} aborted the job: the loss is not a number (${at("aborted")})`],
    within: 2000,
  },
};

describe.each<[number, string, System | undefined]>([
  [2, "", undefined],
  [5, "", undefined],
  [2, " where sockets have neither paths nor descriptors", fakeWindows(home)],
])("faults of processes, %i ranks%s", (size, _, system) => {
  for (const [fault, { rank, message, within }] of Object.entries(faults)) {
    it(fault, async () => {
      const { ok, failure, after, endings } = await run(fault, size, system);
      expect(ok).toBe(false);
      // What a rank says itself has the stack; what all the others hear has the whole account.
      const heard = endings.find((ending) => ending.error?.echo)?.error?.message ?? failure?.message ?? "";
      for (const part of message(size)) {
        if (typeof part === "string") expect(heard).toContain(part);
        else expect(heard).toMatch(part);
      }
      expect(failure?.rank).toBe(rank(size));
      expect(after).toBeLessThan(within);
    });
  }

  it("slow: a rank may compute for longer than it may be silent", async () => {
    const { failure, ok, shown } = await run("slow", size, system);
    expect(failure?.message).toBeUndefined();
    expect(ok).toBe(true);
    const sums = shown.flatMap(({ shown: what }) => (what.kind === "row" && "sum" in what.row ? [what.row.sum] : []));
    expect(sums).toEqual(Array.from({ length: size }, () => size));
  });
});
