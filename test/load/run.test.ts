/** Open and closed loops on virtual time. */
import { describe, expect, it } from "vitest";
import { type Clock, type Outcome, realClock, runLoad } from "../../src/load/index.ts";

/** A clock that jumps to the next event when nobody has anything else to do. */
class VirtualClock implements Clock {
  #time = 1000;
  #events: { time: number; wake: () => void }[] = [];
  /** Milliseconds that a sleeper wakes up too late. */
  readonly #slack: number;

  constructor(slack = 0) {
    this.#slack = slack;
  }

  now(): number {
    return this.#time;
  }

  until(time: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal?.addEventListener("abort", () => resolve());
      this.#events.push({ time: time + this.#slack, wake: resolve });
      if (this.#events.length === 1) setImmediate(() => this.#next());
    });
  }

  #next(): void {
    const [first] = this.#events.sort((a, b) => a.time - b.time);
    if (!first) return;
    this.#events.shift();
    this.#time = Math.max(this.#time, first.time);
    first.wake();
    setImmediate(() => this.#next());
  }
}

/** Requests that take so long each. @returns when each was sent, in milliseconds from the start. */
async function sentAt(
  options: { count: number; times?: number[]; concurrency?: number; signal?: AbortSignal },
  takes: (index: number) => number,
  clock = new VirtualClock(),
) {
  const sent: number[] = [];
  let [now, most] = [0, 0];
  const run = await runLoad({
    ...options,
    clock,
    send: async (i): Promise<Outcome> => {
      const start = clock.now();
      sent[i] = start - 1000;
      most = Math.max(most, ++now);
      await clock.until(start + takes(i));
      now--;
      return { start, stamps: [], end: clock.now(), text: `${i}`, usage: {} };
    },
  });
  return { run, sent, most };
}

describe("an open loop", () => {
  it("sends at its times, whatever is in flight", async () => {
    const { run, sent, most } = await sentAt({ count: 4, times: [0, 10, 20, 500] }, () => 100);
    expect(sent).toEqual([0, 10, 20, 500]);
    expect([most, run.start, run.duration]).toEqual([3, 1000, 600]);
    expect(run.outcomes.map(({ text }) => text)).toEqual(["0", "1", "2", "3"]);
    expect([run.late, run.held]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  it("says how late it was itself; delays do not add up", async () => {
    const { run, sent } = await sentAt({ count: 3, times: [10, 20, 30] }, () => 1, new VirtualClock(4));
    expect(sent).toEqual([14, 24, 34]);
    expect(run.late).toEqual([4, 4, 4]);
  });

  it("with a limit, says how long requests waited for a place", async () => {
    const { run, sent, most } = await sentAt({ count: 3, times: [0, 10, 20], concurrency: 1 }, () => 100);
    expect(sent).toEqual([0, 100, 200]);
    expect(most).toBe(1);
    expect(run.held).toEqual([0, 90, 180]);
    expect(run.late).toEqual([0, 0, 0]);
  });
});

it("a slow generator is late, also where places are free again", async () => {
  const { run, sent } = await sentAt({ count: 3, times: [0, 10, 300], concurrency: 1 }, () => 100, new VirtualClock(4));
  // The first has its place until 104; the third is taken up 4 ms after its time.
  expect(sent).toEqual([0, 104, 304]);
  expect([run.late, run.held]).toEqual([
    [0, 4, 4],
    [0, 90, 0],
  ]);
});

describe("a closed loop", () => {
  it("has as many in flight as may be; one that ends makes room", async () => {
    const { run, sent, most } = await sentAt({ count: 5, concurrency: 2 }, (i) => [100, 30, 30, 30, 30][i]);
    expect(sent).toEqual([0, 0, 30, 60, 90]);
    expect([most, run.duration]).toEqual([2, 120]);
    expect([run.late, run.held]).toEqual([[], []]);
  });

  it("without a limit sends all at once", async () => {
    const { sent, most } = await sentAt({ count: 5 }, () => 10);
    expect([sent, most]).toEqual([[0, 0, 0, 0, 0], 5]);
  });

  it("refuses a limit that lets nothing through", async () => {
    await expect(sentAt({ count: 1, concurrency: 0 }, () => 1)).rejects.toThrow(
      "At least 1 request must be in flight, not 0.",
    );
  });
});

describe("an end that somebody wants", () => {
  it.each([
    ["while it waits for a time", { count: 3, times: [0, 1, 1e6] }, 2],
    ["while it waits for a place", { count: 3, concurrency: 1 }, 1],
  ])("%s: nothing more is sent, and what was is waited for", async (_, options, count) => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    void clock.until(1020).then(() => stop.abort());
    const { run, sent } = await sentAt({ ...options, signal: stop.signal }, () => 50, clock);
    expect(sent).toHaveLength(count);
    expect(run.outcomes).toHaveLength(count);
  });

  it("before it began: nothing is sent", async () => {
    const { run } = await sentAt({ count: 3, signal: AbortSignal.abort() }, () => 50);
    expect(run.outcomes).toEqual([]);
  });
});

it("progress is told", async () => {
  const told: string[] = [];
  const clock = new VirtualClock();
  await runLoad({
    count: 2,
    concurrency: 1,
    clock,
    send: async () => ({ start: 0, stamps: [], end: 0, text: "", usage: {} }),
    onProgress: (sent, ended) => told.push(`${sent}/${ended}`),
  });
  expect(told).toEqual(["1/0", "1/1", "2/1", "2/2"]);
});

it("the machine's clock waits until a time, and no longer once it is told to stop", async () => {
  const start = realClock.now();
  await realClock.until(start + 20);
  expect(realClock.now()).toBeGreaterThanOrEqual(start + 19);
  const stop = new AbortController();
  const long = realClock.until(start + 1e6, stop.signal);
  stop.abort();
  await long;
  await realClock.until(start + 1e6, stop.signal);
});
