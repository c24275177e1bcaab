import { describe, expect, it } from "vitest";
import { PacedLinks, parseLink } from "../../src/world/index.ts";
import { runProgram } from "../helpers/jobs.ts";

it("reads speeds of links", () => {
  expect(parseLink("1GB/s,20us")).toEqual({ bytesPerSecond: 1e9, latency: 0.02 });
  expect(parseLink("25 Gbit/s")).toEqual({ bytesPerSecond: 3.125e9, latency: 0 });
  expect(parseLink("512MiB/s, 1ms")).toEqual({ bytesPerSecond: 2 ** 29, latency: 1 });
  for (const bad of ["", "1GB", "0GB/s", "1..2GB/s", "-1GB/s", "1GB/s,20", "fast"]) {
    expect(() => parseLink(bad), bad).toThrow(/is not a link speed; write a bandwidth and a latency/);
  }
});

it("a link carries one message after the other; latencies overlap", () => {
  let now = 0;
  const links = new PacedLinks(
    () => ({ bytesPerSecond: 1e6, latency: 5 }),
    () => now,
  );
  const arrived: string[] = [];
  links.carry(1, 10_000, 0, () => arrived.push("first")); // 10 ms on the link, 5 on the way
  links.carry(1, 10_000, 0, () => arrived.push("second"));
  links.carry(2, 1000, 0, () => arrived.push("other link"));
  expect(links.wait).toBe(6);
  const at = (time: number): string[] => {
    now = time;
    links.progress();
    return arrived.splice(0);
  };
  expect([at(5.9), at(6), at(14.9), at(15), at(24.9), at(25)]).toEqual([
    [],
    ["other link"],
    [],
    ["first"],
    [],
    ["second"],
  ]);
  expect(links.wait).toBeUndefined();
});

describe.each(["shm", "local", "tcp"] as const)("over %s", (transport) => {
  it("messages and collectives take the link's time, and not less", async () => {
    const link = { bytesPerSecond: 100e6, latency: 1 };
    const { shown, failure } = await runProgram("test/programs/paced.ts", {
      ranks: 3,
      transport,
      link: { within: link },
    });
    expect(failure?.message).toBeUndefined();
    const [row] = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row as Record<string, number>] : []));
    // 4 MB: 40 ms and 1 ms of latency; an allReduce by ring or two-shot moves 2 × 2/3 of it on each link.
    expect(row.send).toBeGreaterThanOrEqual(41);
    expect(row.allReduce).toBeGreaterThanOrEqual(26);
    expect(row.barrier).toBeGreaterThanOrEqual(1);
  });

  it("a slow link is no deadlock", async () => {
    const link = { bytesPerSecond: 2e6, latency: 0 }; // two seconds and more
    const { failure } = await runProgram("test/programs/paced.ts", { ranks: 2, transport, link: { within: link } });
    expect(failure?.message).toBeUndefined();
  });

  it("eager sends complete at once, and only up to their size", async () => {
    const options = { fault: "sendCycle" };
    for (const ranks of [2, 5]) {
      const small = await runProgram("test/programs/faults.ts", { ranks, transport, eager: 64, options });
      expect(small.failure?.message).toBeUndefined();
      const large = await runProgram("test/programs/faults.ts", { ranks, transport, eager: 15, options });
      expect(large.failure?.message).toContain("Deadlock");
    }
  });

  it("an eager send that nobody receives is named when its rank ends", async () => {
    const { failure } = await runProgram("test/programs/eager.ts", { ranks: 2, transport, eager: 1024 });
    expect(failure?.message).toContain("rank 1 returned, but rank 0 waits for it in send(f32[4]) to rank 1");
  });
});
