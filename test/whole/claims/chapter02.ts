/** What chapter 2 states, and what it rests on. */
import { defaultSettings } from "../../../src/job/settings.ts";
import type { Register } from "./claim.ts";
import { messagesOf, parts, shownBy } from "./runs.ts";
import { hockney } from "./sources.ts";

const here = "two cores of an AMD EPYC, Node 20.20; differs from machine to machine";

/** The tag of a message that gives none: a receive with that tag takes it. */
const tag = (): Promise<number> =>
  shownBy(
    2,
    "const x = device.zeros([1]); if (world.rank === 1) await world.send(x, 0); else { await world.recv(x, 1, { tag: 0 }); show.row({ value: await x.item() }); }",
  );

export const chapter02: Register = {
  page: "course/part1-distributed/chapter02-point-to-point/README.md",
  claims: [
    { says: "three ways to mend it", by: "example", why: "the three cures below" },
    { says: "0 if you give none", by: "run", gives: { "0": tag } },
    { says: "up to 1,024 bytes", by: "arithmetic", gives: { "1,024": () => 2 ** 10 } },
    {
      says: "4 elements of 4 bytes",
      by: "command",
      run: "worldsize run send-recv-basic --deadlock",
      prints: ["send(f32[4])"],
    },
    { says: "The default is 0", by: "run", gives: { "0": () => defaultSettings.eager } },
    { says: "Three cures", by: "example", why: "the list that follows" },
    {
      says: "six messages, no order needed",
      by: "run",
      gives: { six: async () => (await messagesOf("2.4", 3)).length },
    },
    {
      says: "4 MB to the neighbour over a link of 1 GB/s take 4 ms",
      by: "arithmetic",
      gives: { "4 ms": () => (4e6 / 1e9) * 1e3 },
    },
    {
      says: "on two cores: 14 to 15 ms a round one after the other, 5 ms overlapped",
      by: "measured",
      run: "worldsize run async-communication --link 1GB/s,20us",
      prints: ["await at once (ms)", "await later (ms)"],
      where: here,
    },
    {
      says: "4 MB arrive in well under a millisecond",
      by: "measured",
      run: "worldsize run async-communication",
      prints: ["await at once (ms)"],
      where: here,
    },
    { says: "Two operations on", by: "example", why: "any two" },
    { says: "has two numbers (Hockney, 1994)", by: "source", sources: [hockney] },
    { says: "1/β is the **bandwidth**", by: "example", why: "a definition" },
    { says: "| link | α | 1/β |", by: "example", why: "a heading" },
    {
      says: "shared memory | 6 µs |",
      by: "measured",
      run: "worldsize bench p2p",
      small: "worldsize run bench/p2p.ts --cases 64x20 -n 2",
      prints: [/bytes 64 seconds [\d.e-]+/],
      where: here,
    },
    {
      says: "Unix sockets | 16 µs |",
      by: "measured",
      run: "worldsize bench p2p --transport unix",
      small: "worldsize run bench/p2p.ts --cases 64x20 -n 2 --transport tcp",
      prints: [/bytes 64 seconds [\d.e-]+/],
      where: here,
    },
    {
      says: "gloo between processes here | 54 µs |",
      by: "measured",
      run: "worldsize bench p2p --transport unix",
      small: "worldsize run bench/p2p.ts --cases 64x20 -n 2 --transport tcp",
      prints: [/bytes 64 seconds [\d.e-]+/],
      where: `${here}; gloo with --against`,
    },
    {
      says: "3.4 µs | 450 GB/s | 1.5 MB",
      by: "simulator",
      gives: {
        "3.4": () => parts.nvlink4.latency.simple * 1e6,
        "450": () => parts.nvlink4.bandwidth / 1e9,
        "1.5": () => (parts.nvlink4.latency.simple * parts.nvlink4.bandwidth) / 1e6,
      },
    },
    {
      says: "400 Gb InfiniBand | 14 µs | 50 GB/s | 700 KB",
      by: "simulator",
      gives: {
        "14": () => parts.ndr400.latency.simple * 1e6,
        "50": () => parts.ndr400.bandwidth / 1e9,
        "700": () => (parts.ndr400.latency.simple * parts.ndr400.bandwidth) / 1e3,
      },
    },
    { says: "With p = 4 and m = 8", by: "example", why: "what the script runs" },
    { says: "(p - 1)/(p - 1 + m) = 27 %", by: "arithmetic", gives: { "27": () => (100 * 3) / (3 + 8) } },
    { says: "Four stages on two cores", by: "command", run: "worldsize run pipeline-simulation", prints: ["stages 4"] },
    {
      says: "14 ms for one batch and 26 ms for eight micro-batches. Four stages cannot work at the same time on two cores",
      by: "measured",
      run: "worldsize run pipeline-simulation",
      prints: ["one batch (ms)", "micro-batches (ms)"],
      where: here,
    },
    { says: "a thousand GPUs", by: "example", why: "the size of chapter 1's question" },
  ],
};
