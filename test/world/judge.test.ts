import { describe, expect, it } from "vitest";
import type { PendingOperation, Report } from "../../src/world/health/diagnose.ts";
import { heard, judge, type Status } from "../../src/world/health/judge.ts";

/** A rank that waits for others, or for nobody. */
function waiting(rank: number, blockedOn: readonly number[], moves = 10): Report {
  const operation: PendingOperation = {
    text: "recv(f32[1])",
    kind: "recv",
    group: "world",
    seq: 0,
    hash: 1,
    site: "a.ts:1",
    peer: blockedOn[0] ?? -1,
    tag: 0,
    blocking: true,
    blockedOn,
  };
  return { rank, state: "running", error: "", pending: [operation], recent: [], moves };
}

function finished(rank: number): Report {
  return { rank, state: "finished", error: "", pending: [], recent: [], moves: 99 };
}

/** A job whose ranks report at given times. */
class Job {
  readonly #said = new Map<number, Status>();

  say(time: number, ...reports: readonly Report[]): this {
    for (const report of reports) this.#said.set(report.rank, heard(this.#said.get(report.rank), report, time));
    return this;
  }

  get verdict(): string | undefined {
    return judge([...this.#said.values()], 3)?.kind;
  }
}

describe("a circle", () => {
  it("is judged only when both have said the same twice, the second time after both had stopped", () => {
    const job = new Job().say(0, waiting(0, [1])).say(100, waiting(1, [0]));
    expect(job.verdict).toBeUndefined();
    job.say(300, waiting(0, [1]));
    expect(job.verdict).toBeUndefined(); // rank 1 spoke once only: a message may be on its way to it
    job.say(400, waiting(1, [0]));
    expect(job.verdict).toBe("stuck");
  });

  it("is none while somebody moves", () => {
    const job = new Job();
    for (let time = 0; time < 10; time++) {
      job.say(time * 300, waiting(0, [1]), waiting(1, [0], time)); // rank 1's moves count on
      expect(job.verdict).toBeUndefined();
    }
  });

  it("is none while one of them still has hope", () => {
    const job = new Job();
    for (const time of [0, 300, 600, 900]) job.say(time, waiting(0, [1]), waiting(1, [2])); // rank 2 computes
    expect(job.verdict).toBeUndefined();
    for (const time of [1200, 1500]) job.say(time, waiting(2, []), waiting(0, [1]), waiting(1, [2]));
    expect(job.verdict).toBeUndefined(); // rank 2 waits for what is already on its way
    for (const time of [1800, 2100]) job.say(time, waiting(2, [0], 11), waiting(0, [1]), waiting(1, [2]));
    expect(job.verdict).toBe("stuck");
  });
});

describe("a rank that returned", () => {
  it("is missed only by those who still say so after it has", () => {
    const job = new Job()
      .say(0, waiting(0, [1]))
      .say(300, waiting(0, [1]))
      .say(350, finished(1));
    expect(job.verdict).toBeUndefined(); // its last message may be on its way
    job.say(600, waiting(0, [1]));
    expect(job.verdict).toBe("left");
  });
});

it("two different calls at one place are a mismatch at once, in one group only", () => {
  const call = (rank: number, groupId: number, hash: number): Report => ({
    ...waiting(rank, []),
    recent: [
      { operation: `call ${hash}`, group: "half", groupId, seq: 1, hash, state: "in flight", site: "", issued: 0 },
    ],
  });
  expect(new Job().say(0, call(0, 5, 1), call(1, 5, 1)).verdict).toBeUndefined();
  expect(new Job().say(0, call(0, 5, 1), call(1, 6, 2)).verdict).toBeUndefined(); // two groups of one name
  expect(new Job().say(0, call(0, 5, 1), call(1, 5, 2)).verdict).toBe("mismatch");
});
