// Whatever road a failure takes to it, the monitor asks everybody once and gives all the same verdict.
import { expect, it, vi } from "vitest";
import { openLine, sayAt } from "../../src/platform/line.ts";
import type { Report } from "../../src/world/core/report.ts";
import { Monitor, type MonitorOptions } from "../../src/world/health/monitor.ts";
import type { FromMonitor, Outcome } from "../../src/world/health/road.ts";

function report(rank: number, more: Partial<Report> = {}): Report {
  return { rank, state: "running", error: "", pending: [], recent: [], moves: 0, ...more };
}

/** A rank that awaits another one's message. */
function waiting(rank: number, peer: number, moves = 0): Report {
  const common = { kind: "recv", group: "world", seq: 0, hash: 1, site: "a.ts:1", tag: 0 } as const;
  return report(rank, {
    moves,
    pending: [{ ...common, text: "recv(f32[1])", peer, blocking: true, blockedOn: [peer] }],
  });
}

function monitorOf(size: number, more: Partial<MonitorOptions> = {}) {
  const told: (FromMonitor & { rank: number })[] = [];
  const outcomes: Outcome[] = [];
  const monitor = new Monitor({
    size,
    now: () => performance.now(),
    tell: (rank, message) => void told.push({ rank, ...message }),
    ask: () => {},
    reaches: () => true,
    onOutcome: (outcome) => outcomes.push(outcome),
    moved: () => 0,
    storeBlocking: () => false,
    ...more,
  });
  const verdicts = (): string[] => told.flatMap((said) => (said.type === "verdict" ? [said.message] : []));
  const accounts = (): number[] => told.flatMap((said) => (said.type === "account" ? [said.rank] : []));
  return { monitor, outcomes, verdicts, accounts };
}

it.each([1, 2, 3, 5])("asks all %i ranks once, and tells all the same when they have answered", (size) => {
  const { monitor, outcomes, verdicts, accounts } = monitorOf(size);
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  monitor.hear(0, { type: "fail", failure: { kind: "late", by: 0, detail: "2 s" }, report: report(0) });
  monitor.hear(0, { type: "fail", failure: { kind: "stuck", by: 0, detail: "" }, report: report(0) }); // said again
  expect(accounts()).toEqual(ranks);
  for (const rank of ranks) {
    expect(verdicts()).toEqual([]);
    monitor.hear(rank, { type: "answer", report: report(rank) });
  }
  expect(new Set(verdicts()).size).toBe(1);
  expect(verdicts()).toHaveLength(size);
  expect(outcomes).toMatchObject([{ ok: false, rank: -1, kind: "late" }]);
  monitor.hear(0, { type: "gone", detail: "was killed" });
  monitor.fail({ kind: "stuck", by: 0, detail: "" });
  expect([outcomes.length, verdicts().length]).toEqual([1, size]);
});

it("waits for a rank that computes, but not for long, and not for one that is out of reach", async () => {
  vi.useFakeTimers();
  try {
    const one = monitorOf(3, { reaches: (rank) => rank !== 2 });
    one.monitor.fail({ kind: "threw", by: 0, detail: "Error: no" });
    one.monitor.hear(0, { type: "answer", report: report(0) });
    expect(one.verdicts()).toEqual([]);
    await vi.advanceTimersByTimeAsync(450);
    expect(one.verdicts()).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    expect(one.verdicts()).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});

it("a rank that has ended is not asked back to life by what comes late", () => {
  const { monitor, outcomes } = monitorOf(2);
  monitor.hear(0, { type: "left", report: report(0, { state: "finished" }) });
  monitor.hear(0, { type: "doing", report: waiting(0, 1) });
  expect(monitor.finished(0)).toBe(true);
  monitor.hear(0, { type: "gone", detail: "its process ended" }); // it has done its part
  expect(outcomes).toEqual([]);
  monitor.hear(1, { type: "left", report: report(1, { state: "finished" }) });
  expect(outcomes).toEqual([{ ok: true, rank: -1, message: "" }]);
});

it("keeps the fullest account of a rank that has ended, in whatever order they come", () => {
  const call = { group: "world", groupId: 0, seq: 1, hash: 1, state: "done", site: "", issued: 0 } as const;
  const told = report(0, { state: "finished", recent: [{ ...call, operation: "barrier()" }] });
  const seen = report(0, { state: "finished" });
  for (const words of [
    [told, seen],
    [seen, told],
  ]) {
    const { monitor, verdicts } = monitorOf(2);
    for (const word of words) monitor.hear(0, { type: "left", report: word });
    monitor.hear(1, { type: "fail", failure: { kind: "left", by: 1, detail: "" }, report: waiting(1, 0) });
    monitor.hear(1, { type: "answer", report: waiting(1, 0) });
    expect(verdicts()[0]).toContain("Its last operation was barrier()");
  }
});

it("goes by when ranks said something, not by when it came", () => {
  // Rank 0's second word was said before rank 1 had stopped: the message that it waits for may be on its way.
  const early = monitorOf(2);
  early.monitor.hear(0, { type: "status", report: waiting(0, 1) }, 0);
  early.monitor.hear(1, { type: "status", report: waiting(1, 0, 7) }, 400);
  early.monitor.hear(1, { type: "status", report: waiting(1, 0, 7) }, 700);
  early.monitor.hear(0, { type: "status", report: waiting(0, 1) }, 300);
  expect(early.monitor.failing).toBe(false);
  early.monitor.hear(0, { type: "status", report: waiting(0, 1) }, 600);
  expect(early.monitor.failing).toBe(true);
});

it("hears what came while its own thread stood still, before it gives up", async () => {
  const { monitor, verdicts } = monitorOf(2);
  const line = openLine<Report>((said) => monitor.hear(said.rank, { type: "answer", report: said }));
  monitor.fail({ kind: "late", by: 0, detail: "2 s" });
  for (const rank of [0, 1]) sayAt(line.end, waiting(rank, 1 - rank));
  for (const until = performance.now() + 800; performance.now() < until; ); // both answers lie in the port meanwhile
  while (verdicts().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(verdicts()[0]).toContain("rank 0 waits for rank 1 in recv(f32[1])");
  expect(verdicts()[0]).toContain("rank 1 waits for rank 0 in recv(f32[1])");
  line.close();
});

it("a broken wire is explained by what comes within a moment", async () => {
  vi.useFakeTimers();
  try {
    const wire = { type: "broken", peer: 1, detail: "reset" } as const;
    const [killed, broken] = [monitorOf(2), monitorOf(2)];
    for (const { monitor } of [killed, broken]) monitor.hear(0, { ...wire, report: report(0) });
    await vi.advanceTimersByTimeAsync(1000);
    killed.monitor.hear(1, { type: "gone", detail: "was killed" });
    await vi.advanceTimersByTimeAsync(1500);
    expect(killed.outcomes).toMatchObject([{ kind: "lost", rank: 1 }]);
    expect(broken.outcomes).toMatchObject([{ kind: "broken", rank: -1 }]);
  } finally {
    vi.useRealTimers();
  }
});
