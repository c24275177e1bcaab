import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { JobOptions } from "../../src/job/node/job.ts";
import { afterPatience, PatientClock } from "../../src/platform/patience.ts";
import type { Report } from "../../src/world/health/diagnose.ts";
import { Stillness } from "../../src/world/health/stillness.ts";
import { whoWaits } from "../../src/world/health/waiting.ts";
import { Coordinator } from "../../src/world/index.ts";
import { joinOf } from "../helpers/coordinator.ts";
import { type Outcome, runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const source = readFileSync(new URL("../programs/silence.ts", import.meta.url), "utf8").split("\n");

/** `silence.ts:12`: the line that carries a mark. */
function at(mark: string): string {
  return `silence.ts:${source.findIndex((line) => line.endsWith(`// ${mark}`) || line.includes(`// ${mark}:`)) + 1}`;
}

const first = `silence.ts:${source.findIndex((line) => line.endsWith("// together")) + 1}`;

type Place = Pick<JobOptions, "transport" | "streams">;
const places: readonly Place[] = [
  { transport: "shm" },
  { transport: "local" },
  { transport: "tcp" },
  { transport: "shm", streams: "threaded" },
  { transport: "tcp", streams: "threaded" },
];

/** Runs a program until it ends, or until it has been silent for a while after so many words. */
async function run(wait: string, place: Place, options: Partial<JobOptions> = {}, words = Infinity) {
  const said: string[] = [];
  const stop = new AbortController();
  const onSilence = (text: string): void => {
    if (/ (is|are) starting/.test(text)) return; // a busy machine takes longer for that
    said.push(text);
    // Time enough to say it again.
    if (said.length === words) setTimeout(() => stop.abort(), 1200);
  };
  const silence = words === Infinity ? 0 : 600;
  const outcome: Outcome = await runProgram("test/programs/silence.ts", {
    ranks: 3,
    ...place,
    options: { wait },
    silence,
    onSilence,
    signal: stop.signal,
    ...options,
  });
  return { ...outcome, said };
}

function linesOf({ shown }: Outcome, rank: number): string[] {
  return shown.flatMap((each) => (each.rank === rank && each.shown.kind === "line" ? [each.shown.text] : []));
}

describe.each(cases(places, 0, 1, 2))("over $transport, streams $streams", (place) => {
  it("says once who waits for what", async () => {
    const { said } = await run("words", place, {}, 1);
    expect(said).toEqual([
      `Nothing has moved for 0.6 s: rank 0 waits for key "x" of the store (${at("words key")}), ` +
        `rank 1 waits for rank 2 in recv(f32[4]) from rank 2 (${at("words recv")}), ` +
        `rank 2 is in its program (has called nothing since barrier() (${first})).`,
    ]);
  });

  it("finds a cycle through the store, and a rank that is left alone with it", async () => {
    const [cycle, alone] = await Promise.all([run("cycle", place), run("alone", place)]);
    expect(cycle.failure?.rank).toBe(-1);
    expect(cycle.failure?.message).toBe(
      "Deadlock: each of these ranks waits for another one, and nothing can move.\n" +
        `  rank 0 waits for key "x" of the store (${at("cycle key")})\n` +
        `  rank 1 waits for rank 0 in recv(f32[4]) from rank 0 (${at("cycle recv")})\n` +
        `  rank 2 waits for barrier "b" of 2 of the store (${at("cycle barrier")})\n` +
        "Every operation that is waited for needs its other side: check ranks, tags and the order of calls. " +
        "A key must be set, and a barrier reached, by a rank that does not wait itself: check names and the order of calls, or give the wait a timeout.",
    );
    expect(alone.failure?.message).toBe(
      "Deadlock: no rank is left that could do what is waited for, and nothing can move.\n" +
        `  rank 0 waits for keys "x", "y" of the store (${at("alone")})\n` +
        "ranks 1 and 2 have returned. " +
        "A key must be set, and a barrier reached, by a rank that does not wait itself: check names and the order of calls, or give the wait a timeout.",
    );
  });

  it("bounds waits by the job's timeout, and leaves the device and the store to whoever goes on", async () => {
    const [late, atStore] = await Promise.all([
      run("late", place, { timeout: 1500 }),
      run("lateAtStore", place, { timeout: 1500 }),
    ]);
    expect(late.failure?.message).toMatch(
      new RegExp(
        `^rank 0 has waited for 1\\.5 s, and nothing came: rank 0 waits for rank 1 in recv\\(f32\\[4\\]\\) from rank 1 \\(${at("late")}\\), ` +
          "ranks? 1 .*\\. That is the job's timeout; give it more time if the ranks need it\\.$",
      ),
    );
    expect(linesOf(late, 0)).toEqual([
      "caught JobError",
      "2,2,2,2",
      "all",
      "then JobError",
      "then JobError",
      "then JobError",
    ]);
    expect(atStore.failure?.message).toContain(
      `rank 0 has waited for 1.5 s, and nothing came: rank 0 waits for key "x" of the store (${at("lateAtStore")})`,
    );
  });
});

// What needs no threads of its own is tried over each transport once.
describe.each(places.slice(0, 3))("over $transport", (place) => {
  it("speaks for those who compute or loop", async () => {
    const { said } = await run("loop", place, {}, 1);
    const stuck =
      place.transport === "local"
        ? /^Nothing has moved for 0\.6 s: ranks 0, 1 and 2 share a thread that computes, or loops; the last operation of each was barrier\(\)\.$/
        : new RegExp(
            `^Nothing has moved for 0\\.6 s: rank 0 waits for ranks 1 and 2 in barrier\\(\\) \\(${at("loop")}\\), ` +
              `ranks 1 and 2 compute, or loop, in their programs; the last operation of each was barrier\\(\\) \\(${first} on rank 0\\)\\.$`,
          );
    expect(said).toEqual([expect.stringMatching(stuck)]);
  });

  it("leaves alone who is helped by a timer, and speaks again after something has moved", async () => {
    const [helped, again] = await Promise.all([run("helped", place), run("again", place, {}, 2)]);
    expect(helped.failure?.message).toBeUndefined();
    expect([0, 1, 2].map((rank) => linesOf(helped, rank))).toEqual([["1"], ["1"], ["1"]]);
    expect(again.said).toHaveLength(2);
    expect(again.said[0]).toContain("rank 0 is in its program (has called nothing since barrier()");
    expect(again.said[1]).toBe(
      `Nothing has moved for 0.6 s: ranks 0, 1 and 2 wait for key "x" of the store (${at("again")}).`,
    );
  });
});

it("bounds a local program that lets nothing move", async () => {
  const { failure } = await run("loop", { transport: "local" }, { timeout: 500 });
  expect(failure?.message).toContain("ranks 0, 1 and 2 share a thread that computes, or loops");
  expect(failure?.message).toContain("That is the job's timeout");
});

describe("patience", () => {
  it("does not count a time in which nobody looked", () => {
    let time = 1000;
    const clock = new PatientClock(() => time, 100);
    for (let i = 0; i < 10; i++) {
      time += 100;
      clock.now();
    }
    expect(clock.now()).toBe(1000);
    time += 3_600_000; // the lid was closed
    expect(clock.now()).toBe(1200);
    time -= 5000; // a clock that was set back
    expect(clock.now()).toBe(1200);
    time += 50;
    expect(clock.now()).toBe(1250);
  });

  it("waits for more than a timer takes, and can be called off", async () => {
    const called: string[] = [];
    const off = [2 ** 31, 2 ** 40, Infinity].map((time) => afterPatience(time, () => called.push(`${time}`)));
    await new Promise<void>((resolve) => afterPatience(30, resolve));
    for (const callOff of off) callOff();
    expect(called).toEqual([]);
  });

  it("a machine that slept loses no rank, and nobody is said to be silent", async () => {
    let time = 0;
    const said: string[] = [];
    const coordinator = new Coordinator({
      size: 2,
      timeout: 400,
      now: () => time,
      silence: 400,
      onSilence: (text) => said.push(text),
    });
    const sent: object[] = [];
    const join = joinOf(coordinator, (_, message) => void sent.push(message));
    let over = false;
    void coordinator.over.then(() => void (over = true));
    const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 130));
    const [one] = [join(0)];
    time += 3_600_000; // while rank 1 was on its way
    await tick();
    expect(over).toBe(false);
    const two = join(1);
    for (let hour = 0; hour < 3; hour++) {
      time += 3_600_000;
      await tick();
      for (const connection of [one, two]) connection.say({ type: "beat", moved: hour });
      expect([over, said]).toEqual([false, []]);
    }
    // And yet a rank that is silent while the clock runs is found.
    while (!over) {
      time += 100;
      one.say({ type: "beat", moved: time });
      await tick();
    }
    expect(JSON.stringify(sent)).toContain("rank 1 has been silent for 0.4 s");
    coordinator.stop();
  });
});

it("asks and speaks at the right times", () => {
  let [time, moved, blocking] = [0, 0, false];
  const did: string[] = [];
  const note = (what: string) => () => void did.push(`${what} ${time}`);
  const options = { now: () => time, moved: () => moved, storeBlocking: () => blocking };
  const still = new Stillness({ ...options, silence: 1000, ask: note("ask"), judge: note("judge"), say: note("say") });
  const pass = (to: number, answer: boolean): void => {
    for (; time < to; time += 100) {
      const before = did.length;
      still.tick();
      if (answer && did.slice(before).some((what) => what.startsWith("ask"))) still.answered();
    }
  };
  pass(950, true);
  expect(did).toEqual([]);
  pass(3000, true);
  expect(did.splice(0)).toEqual(["ask 1000", "judge 1000", "say 1000"]); // once
  moved++;
  pass(6000, false); // nobody answers
  expect(did.splice(0)).toEqual(["ask 4000", "judge 5000", "say 5000"]);
  blocking = true; // somebody waits for the store: whether that can end is looked at early, then less and less often
  moved++;
  pass(7000, true);
  expect(did.splice(0)).toEqual(["ask 6500", "judge 6500", "ask 6800", "judge 6800"]);
  blocking = false;
  pass(7300, true);
  expect(did.splice(0)).toEqual(["ask 7000", "judge 7000", "say 7000"]);
  moved++;
  pass(8400, false);
  moved++; // in the middle of a round: it has come to nothing
  still.answered();
  pass(9000, true);
  expect(did.splice(0)).toEqual(["ask 8300"]);
});

it("names each group of ranks that do the same", () => {
  const report = (rank: number, more: Partial<Report> = {}): Report => {
    const state = "running" as const;
    return { rank, state, error: "", pending: [], recent: [], moves: 0, ...more };
  };
  const wait = { id: 1, about: 'key "k"', site: "a.ts:1", ends: true };
  const many = Array.from({ length: 60 }, (_, rank) => report(rank, { store: { waits: [wait], asked: 1 } }));
  const text = whoWaits([...many, report(60, { streams: true }), report(61, { state: "finished" }), report(62)], 64);
  expect(text).toBe(
    'ranks 0 to 59 wait for key "k" of the store (a.ts:1), rank 60 waits for its device, rank 61 has finished, ' +
      "rank 62 is in its program (has called nothing yet), rank 63 is in its program",
  );
  const each = Array.from({ length: 30 }, (_, rank) =>
    report(rank, { store: { waits: [{ ...wait, about: `key "${rank}"` }], asked: 1 } }),
  );
  expect(whoWaits(each, 30)).toMatch(/rank 7 waits for key "7" of the store \(a\.ts:1\), and so on for 22 more$/);
});
