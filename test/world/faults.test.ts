import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { isLong } from "../helpers/long.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const source = readFileSync(new URL("../programs/faults.ts", import.meta.url), "utf8").split("\n");

/** `faults.ts:12`: the line that carries a mark. */
function at(mark: string): string {
  return `faults.ts:${source.findIndex((line) => line.endsWith(`// ${mark}`)) + 1}`;
}

interface Fault {
  /** Whose failure it is: a rank's, or (-1) the whole job's. */
  readonly rank: (size: number) => number;
  readonly message: (size: number) => (string | RegExp)[];
  /** World sizes and transports where it is one. */
  readonly sizes?: readonly number[];
  /** Whether the time of detection counts. */
  readonly seconds?: number;
}

const everybody = () => -1;
const theLast = (size: number) => size - 1;
/** Which ranks called the majority's collective, as a mismatch names them; some may not have come yet. */
const others = /but (rank \d|ranks [\d, toand]+) called /;
/** A tensor whose storage has no bytes was handed to an operation. */
const emptied = (call: string) =>
  new RegExp(
    `^rank \\d called world\\.${call} with f32\\[4\\]\\. A storage without bytes was used: it was resized to 0\\. ` +
      "Resize it back before its tensors are used\\.$",
  );

const faults: Record<string, Fault> = {
  sendCycle: {
    rank: everybody,
    message: (n) => [
      "Deadlock: each of these ranks waits for another one, and nothing can move.",
      ...Array.from(
        { length: n },
        (_, r) =>
          `  rank ${r} waits for rank ${(r + 1) % n} in send(f32[4]) to rank ${(r + 1) % n} (${at("sendCycle")})`,
      ),
      "A send completes only when its receive has taken the bytes",
    ],
  },
  pairCycle: {
    rank: everybody,
    message: () => [
      `rank 0 waits for rank 1 in recv(f32[4]) from rank 1 (${at("pairCycle")})`,
      `rank 1 waits for rank 0 in recv(f32[4]) from rank 0 (${at("pairCycle")})`,
    ],
  },
  otherCollective: {
    rank: everybody,
    message: (n) => [
      `rank ${n - 1} called broadcast(f32[4], root 0) as operation 2 of world (${at("otherCollective last")}), `,
      others,
      `called allReduce(sum, f32[4]) there (${at("otherCollective rest")}).`,
      "Every rank must call the same collectives, with the same shapes, dtypes, operators, roots and algorithms, in the same order.",
    ],
  },
  otherShape: {
    rank: everybody,
    message: (n) => [
      `rank ${n - 1} called allReduce(sum, f32[2,2]) as operation 2 of world (${at("otherShape")})`,
      "called allReduce(sum, f32[4]) there",
    ],
  },
  otherDType: {
    rank: everybody,
    message: (n) => [`rank ${n - 1} called allReduce(sum, i32[4])`, "called allReduce(sum, f32[4]) there"],
  },
  otherOperator: {
    rank: everybody,
    message: (n) => [`rank ${n - 1} called allReduce(max, f32[4])`, "called allReduce(sum, f32[4]) there"],
  },
  otherRoot: {
    rank: everybody,
    message: (n) => [`rank ${n - 1} called broadcast(f32[4], root 0)`, "called broadcast(f32[4], root 1) there"],
  },
  returned: {
    rank: everybody,
    message: (n) => [
      new RegExp(
        `rank ${n - 1} returned, but rank \\d waits for it in allReduce\\(sum, f32\\[4\\]\\) \\(${at("returned")}\\), operation 2`,
      ),
      "Its last operation was barrier()",
    ],
  },
  threw: { rank: theLast, message: () => ["boom"] },
  forgotten: {
    rank: theLast,
    message: (n) => [
      `rank ${n - 1} ended without waiting for allReduce(sum, f32[4]) (${at("forgotten")}). \`await\` each operation`,
    ],
  },
  touched: {
    rank: theLast,
    message: (n) => [
      `rank ${n - 1} reads a buffer that allReduce(sum, f32[4]) (${at("touched op")}) is using: that operation was neither awaited nor waited for.`,
    ],
  },
  unequalPair: {
    rank: everybody,
    message: () => [
      `rank 1 called recv(f32[5]) from rank 0 (${at("unequalPair recv")}), but rank 0 called send(f32[4]) to rank 1 (${at("unequalPair send")}). A receive must have the shape and dtype of the send it matches.`,
    ],
  },
  nonMember: {
    rank: () => 1,
    message: () => ["Cannot read properties of undefined (reading 'allReduce')"],
    sizes: [2],
  },
  wrongPeer: {
    rank: () => 0,
    message: (n) => [`called world.send with rank ${n}, but world has ranks 0 to ${n - 1}.`],
  },
  halfCycle: {
    rank: everybody,
    message: () => ["Deadlock", `in recv(f32[4]) from rank 4 (${at("halfCycle recv")})`],
    sizes: [5],
  },
  rejected: { rank: theLast, message: () => ["nobody catches me"] },
  exited: { rank: theLast, message: () => ["called process.exit(7) before its program had ended"] },
  streamWaits: {
    rank: everybody,
    message: (n) => [
      `rank ${n - 1} returned, but rank 0 waits for it in recv(f32[4]) from rank ${n - 1} (${at("streamWaits")})`,
    ],
  },
  freed: { rank: () => 0, message: () => ["called world.allReduce with f32[4], which was freed before."] },
  emptied: { rank: () => 0, message: () => [emptied("allReduce")] },
  emptiedPiece: { rank: () => 0, message: () => [emptied("allGather")] },
};

const places = [
  { transport: "shm" },
  { transport: "local" },
  { transport: "tcp" },
  { transport: "shm", streams: "threaded" },
  { transport: "tcp", streams: "threaded" },
] as const;

for (const { transport, ...mode } of places) {
  // Processes and threaded streams show the larger world in the long form, and where a fault has no other.
  const few = "streams" in mode || (transport === "tcp" && !isLong);
  describe(`faults over ${transport}${"streams" in mode ? " with threaded streams" : ""}`, () => {
    // Over processes with threaded streams, every third fault in the short form: both are shown apart.
    const some = "streams" in mode && transport === "tcp" && !isLong;
    const chosen = Object.entries(faults).filter((_, place) => !some || place % 3 === 0);
    for (const [fault, { rank, message, sizes = [2, 5] }] of chosen) {
      for (const size of few ? sizes.slice(0, 1) : sizes) {
        it.concurrent(`${fault} on ${size} ranks`, async () => {
          const { ok, failure } = await runProgram("test/programs/faults.ts", {
            ranks: size,
            transport,
            ...mode,
            options: { fault },
          });
          expect(ok).toBe(false);
          for (const part of message(size)) {
            if (typeof part === "string") expect(failure?.message).toContain(part);
            else expect(failure?.message).toMatch(part);
          }
          // Over local, ranks share a thread: what no rank caught cannot be told apart.
          const shared = transport === "local" && ["rejected", "exited"].includes(fault);
          const any = ["wrongPeer", "freed", "emptied", "emptiedPiece"].includes(fault);
          if (!shared && !any) expect(failure?.rank).toBe(rank(size));
        });
      }
    }
  });
}

it("shm reports a death or a mismatch within 2 s and a cycle too", async () => {
  // Time is measured from the call that can never complete; the generous bound is the promise itself.
  for (const fault of ["sendCycle", "otherCollective", "returned", "threw"]) {
    const start = Date.now();
    await runProgram("test/programs/faults.ts", { ranks: 2, options: { fault } });
    expect(Date.now() - start, fault).toBeLessThan(4000);
  }
});

it("every rank gets the same account, and the first failure is no echo", async () => {
  const { endings } = await runProgram("test/programs/faults.ts", { ranks: 5, options: { fault: "otherCollective" } });
  expect(endings).toHaveLength(5);
  expect(new Set(endings.map((ending) => ending.error?.message)).size).toBe(1);
  const crash = await runProgram("test/programs/faults.ts", { ranks: 5, options: { fault: "threw" } });
  expect(crash.endings.filter((ending) => !ending.error?.echo).map((ending) => ending.rank)).toEqual([4]);
  for (const ending of crash.endings.filter((e) => e.error?.echo)) {
    expect(ending.error?.message).toContain(`rank 4 threw Error: boom (${at("threw")})`);
  }
  expect(crash.failure?.stack).toMatch(new RegExp(`faults\\.ts:${at("threw").split(":")[1]}:`));
  expect(
    crash.records.some(({ flight }) => flight.some(({ operation }) => operation === "allReduce(sum, f32[4])")),
  ).toBe(true);
});
