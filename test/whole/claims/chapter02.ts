/** What chapter 2 states, and what it rests on. */
import { defaultSettings } from "../../../src/job/settings.ts";
import type { Register } from "./claim.ts";
import { messagesOf, parts, shownBy } from "./runs.ts";
import { demystifying, glooSend, hockney, ncclTuning } from "./sources.ts";

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
    { says: "three ways to fix it", by: "example", why: "the three cures below" },
    {
      says: "1, then 3, then 6, then 10",
      by: "arithmetic",
      gives: { "1": () => 1, "3": () => 1 + 2, "6": () => 3 + 3, "10": () => 6 + 4 },
    },
    {
      says: "passes the tensor on: 1, 3, 6, 10",
      by: "command",
      run: "worldsize run send-recv-basic",
      prints: ["received [6,6,6,6]", "1 + … + 4 = 10"],
    },
    { says: "0 if you give none", by: "run", gives: { "0": tag } },
    { says: "up to 1,024 bytes", by: "arithmetic", gives: { "1,024": () => 2 ** 10 } },
    {
      says: "4 elements of 4 bytes",
      by: "command",
      run: "worldsize run send-recv-basic --deadlock",
      prints: ["send(f32[4])"],
    },
    { says: "4,000 bytes are more than the limit", by: "arithmetic", gives: { "4,000": () => 1000 * 4 } },
    { says: "The default limit is 0", by: "run", gives: { "0": () => defaultSettings.eager } },
    { says: "Three cures", by: "example", why: "the list that follows" },
    {
      says: "six messages, all in flight at once",
      by: "run",
      gives: { six: async () => (await messagesOf("2.4", 3)).length },
    },
    {
      says: "4 MB to the neighbour over a link of 200 MB/s take 20 ms",
      by: "arithmetic",
      gives: { "20 ms": () => (4e6 / 200e6) * 1e3 },
    },
    {
      says: "The product takes 14 ms",
      by: "measured",
      run: "worldsize run async-communication --link 200MB/s,20us",
      prints: [/multiply/],
      where: here,
    },
    {
      says: "34 ms are the sum, 20 ms the longer of the two",
      by: "measured",
      run: "worldsize run async-communication --link 200MB/s,20us",
      prints: [/await at/, /await later/],
      where: here,
    },
    {
      says: "Three runs on two cores gave 34.0 to 34.9 and 20.2",
      by: "measured",
      run: "worldsize run async-communication --link 200MB/s,20us",
      prints: [/await at/, /await later/],
      where: here,
    },
    {
      says: "the exchange takes 0.6 ms, and three runs gave 14.1 to 14.5 ms at once, 14.5 to 16.7 ms later",
      by: "measured",
      run: "worldsize run async-communication",
      prints: [/await at/, /await later/],
      where: here,
    },
    { says: "Two operations on", by: "example", why: "any two" },
    { says: "two buffers", by: "example", why: "double buffering" },
    { says: "has two numbers (Hockney, 1994)", by: "source", sources: [hockney] },
    { says: "1/β is the **bandwidth**", by: "example", why: "a definition" },
    { says: "| link | α | 1/β |", by: "example", why: "a heading" },
    {
      says: "threads here, two cores | 1.2 to 1.6 µs | 12 GB/s | 17 KB |",
      by: "measured",
      run: "worldsize bench p2p",
      small: "worldsize run bench/p2p.ts --cases 64x20 -n 2",
      prints: [/bytes 64 seconds [\d.e-]+/],
      where: here,
    },
    {
      says: "Unix sockets | 12 to 14 µs |",
      by: "measured",
      run: "worldsize bench p2p --transport unix",
      small: "worldsize run bench/p2p.ts --cases 64x20 -n 2 --transport tcp",
      prints: [/bytes 64 seconds [\d.e-]+/],
      where: here,
    },
    {
      says: "gloo between processes here | 54 to 63 µs |",
      by: "measured",
      run: "worldsize bench p2p --transport unix",
      small: "worldsize run bench/p2p.ts --cases 64x20 -n 2 --transport tcp",
      prints: [/bytes 64 seconds [\d.e-]+/],
      where: `${here}; gloo of PyTorch 2.13 with --against`,
    },
    {
      says: "0.6 µs | 450 GB/s, a quarter to half used | 68 to 135 KB",
      by: "simulator",
      gives: {
        "0.6": () => parts.nvlink4.latency.ll * 1e6,
        "450": () => parts.nvlink4.bandwidth / 1e9,
        "68": () => (parts.nvlink4.latency.ll * parts.nvlink4.bandwidth) / 4 / 1e3,
        "135": () => (parts.nvlink4.latency.ll * parts.nvlink4.bandwidth) / 2 / 1e3,
      },
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
      says: "400 Gb InfiniBand, LL | 2.7 µs | 50 GB/s, a quarter to half used | 34 to 68 KB",
      by: "simulator",
      gives: {
        "400": () => (parts.ndr400.bandwidth * 8) / 1e9,
        "2.7": () => parts.ndr400.latency.ll * 1e6,
        "50": () => parts.ndr400.bandwidth / 1e9,
        "34": () => (parts.ndr400.latency.ll * parts.ndr400.bandwidth) / 4 / 1e3,
        "68": () => (parts.ndr400.latency.ll * parts.ndr400.bandwidth) / 2 / 1e3,
      },
    },
    {
      says: "14 µs | 50 GB/s | 700 KB",
      by: "simulator",
      gives: {
        "14": () => parts.ndr400.latency.simple * 1e6,
        "50": () => parts.ndr400.bandwidth / 1e9,
        "700": () => (parts.ndr400.latency.simple * parts.ndr400.bandwidth) / 1e3,
      },
    },
    { says: "NCCL has three ways to write a message", by: "source", sources: [ncclTuning] },
    { says: "beside every four bytes", by: "source", sources: [demystifying] },
    { says: "at least half of the bandwidth goes to flags", by: "arithmetic", gives: { "half of": () => 4 / 8 } },
    { says: "120 bytes of data in 128", by: "source", sources: [demystifying] },
    {
      says: "1.9 µs on NVLink, 4.0 on the network",
      by: "simulator",
      gives: { "1.9": () => parts.nvlink4.latency.ll128 * 1e6, "4.0": () => parts.ndr400.latency.ll128 * 1e6 },
    },
    {
      says: "below about 100 KB is mostly waiting, whatever the protocol; with Simple, one below 1.5 MB",
      by: "simulator",
      gives: {
        "100": () => Math.round((parts.nvlink4.latency.ll * parts.nvlink4.bandwidth * 0.375) / 1e3 / 100) * 100,
        "1.5": () => (parts.nvlink4.latency.simple * parts.nvlink4.bandwidth) / 1e6,
      },
    },
    {
      says: "For 8 bytes, six runs on two cores gave 1.3 to 2.4 µs blocking and 1.0 to 1.6 with four in flight",
      by: "measured",
      run: "worldsize run latency",
      prints: [/blocking \(µs\)/, /windowed \(µs\)/],
      where: here,
    },
    {
      says: "One batch takes 16 units of time and leaves ranks 75 % idle; four micro-batches take 7 units and leave them 43 % idle",
      by: "arithmetic",
      gives: { "16": () => 4 * 4, "75": () => 100 * (3 / 4), "7": () => 4 + 3, "43": () => (100 * 3) / 7 },
    },
    { says: "First two stages, for two cores", by: "example", why: "what the command runs" },
    { says: "How long do four micro-batches take", by: "example", why: "what the command runs" },
    {
      says: "One batch takes 23 ms",
      by: "measured",
      run: "worldsize run pipeline-simulation -n 2 --width 384 --batch 768 --micro-batches 4",
      prints: ["one batch (ms)", "micro-batches (ms)"],
      where: here,
    },
    {
      says: "Three runs gave 13.7 to 14.3 ms",
      by: "measured",
      run: "worldsize run pipeline-simulation -n 2 --width 384 --batch 768 --micro-batches 4",
      prints: ["one batch (ms)", "micro-batches (ms)"],
      where: here,
    },
    {
      says: "half of 23 ms, a quarter of that per micro-batch, and there are 5 steps: 5/8 × 23 = 14.4 ms",
      by: "arithmetic",
      gives: { "5 steps": () => 4 + 1, "14.4": () => (5 / 8) * 23 },
    },
    { says: "| micro-batches | 1 | 2 | 4 | 16 | 32 | 64 | 128 |", by: "example", why: "what was run" },
    {
      says: "| time (ms) | 21 | 16 | 14 | 15 | 26 | 32 | 61 |",
      by: "measured",
      run: "worldsize run pipeline-simulation -n 2 --width 384 --batch 768 --micro-batches 128",
      prints: ["micro-batches (ms)"],
      where: here,
    },
    {
      says: "winning at about 16, and loses from 32 on",
      by: "measured",
      run: "worldsize run pipeline-simulation -n 2 --width 384 --batch 768 --micro-batches 32",
      prints: ["micro-batches (ms)"],
      where: here,
    },
    { says: "6 rows reads the weights as often as one of 768", by: "arithmetic", gives: { "6": () => 768 / 128 } },
    {
      says: "four stages and eight micro-batches of 32 rows on two cores",
      by: "arithmetic",
      gives: { "32": () => 256 / 8 },
    },
    {
      says: "took 8.3 to 8.5 ms in one batch and 11 to 14 ms in pieces",
      by: "measured",
      run: "worldsize run pipeline-simulation",
      prints: ["one batch (ms)", "micro-batches (ms)"],
      where: here,
    },
    { says: "a thousand GPUs", by: "example", why: "the size of chapter 1's question" },
    { says: "Two GPUs that both enqueue", by: "example", why: "the smallest cycle" },
    {
      says: "with a receiver that slept 2 s first, torch 2.13 took 2.0 s for 16 bytes and for 16 MB",
      by: "source",
      sources: [glooSend],
    },
  ],
};
