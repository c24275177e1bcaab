/** What chapter 1 states, and what it rests on. */
import { UNIT } from "../../../src/device/memory/segments.ts";
import { MAX_RANKS } from "../../../src/job/node/job.ts";
import { MemoryStore } from "../../../src/world/store/memory-store.ts";
import { runProgram } from "../../helpers/jobs.ts";
import type { Register } from "./claim.ts";
import { messagesOf } from "./runs.ts";
import { ncclTimeout } from "./sources.ts";

const hello = "worldsize run hello-distributed";
const here = "two cores of an AMD EPYC, Node 20.20; differs from machine to machine";

/** What the nth caller of `add` gets. */
async function added(times: number): Promise<number> {
  const store = new MemoryStore();
  for (let i = 1; i < times; i++) await store.add("count", 1);
  return store.add("count", 1);
}

/** Operations that a rank's flight recorder still has after more than it keeps. */
async function kept(): Promise<number> {
  const file = "test/whole/claims/many-operations.ts";
  const { records } = await runProgram(file, { ranks: 1, transport: "local" });
  return records[0].flight.length;
}

export const chapter01: Register = {
  page: "course/part1-distributed/chapter01-first-program/README.md",
  claims: [
    { says: "a thousand GPUs", by: "example", why: "the size of the question" },
    { says: "the thousand processes", by: "example", why: "the size of the question" },
    {
      says: "eight small messages later all know the sum",
      by: "run",
      gives: { eight: async () => (await messagesOf("1.1", 4)).length },
    },
    { says: "Four copies of one program", by: "example", why: "the world of the picture" },
    {
      says: "two numbers, its own rank and the size of its world, and contributes a 1",
      by: "example",
      why: "rank and size; exercise 1.1 adds ones",
    },
    {
      says: "Eight messages of four bytes later",
      by: "run",
      gives: {
        Eight: async () => (await messagesOf("1.1", 4)).length,
        four: async () => Math.max(...(await messagesOf("1.1", 4)).map(({ bytes }) => bytes)),
      },
    },
    {
      says: "The program is started four times",
      by: "command",
      run: hello,
      prints: ["Hello from rank 3 of 4", "all 4 of us"],
    },
    { says: "numbered from 0", by: "command", run: hello, prints: ["Hello from rank 0 of 4"] },
    { says: "the same five lines", by: "example", why: "the body of the program above" },
    {
      says: "in four threads, in four processes, or on four machines",
      by: "command",
      run: "worldsize launch -n 4 hello-distributed",
      prints: [/Hello from rank 3 of 4, in process \d+, thread 1/],
    },
    {
      says: "exact deadlock reports, 1,000 ranks",
      by: "run",
      gives: { "1,000": () => Math.min(1000, MAX_RANKS.local) },
    },
    { says: "on host 1 of 2, with 4 GPUs each", by: "example", why: "the machines of the table" },
    { says: "my number in the world | 6 |", by: "arithmetic", gives: { "6": () => 1 * 4 + 2 } },
    { says: "how many we are | 8 |", by: "arithmetic", gives: { "8": () => 2 * 4 } },
    { says: "my number on this host | 2 |", by: "arithmetic", gives: { "2": () => 6 % 4 } },
    { says: "where rank 0 can be reached | 10.0.0.1 |", by: "example", why: "a private address" },
    { says: "at which port | 29500 |", by: "example", why: "torchrun's usual port" },
    { says: "Two shells", by: "example", why: "RANK=0 and RANK=1 of the listing" },
    {
      says: "it returns 1 to the first caller, 2 to the second, and never the same number twice",
      by: "run",
      gives: { "1": () => added(1), "2": () => added(2) },
    },
    { says: "the next three chapters", by: "example", why: "chapters 2, 3 and 4" },
    {
      says: "`group.size` is 3",
      by: "arithmetic",
      gives: { "3": () => [0, 1, 2, 3, 4].filter((rank) => rank % 2 === 0).length },
    },
    {
      says: "Only the last two messages are the group's own work",
      by: "run",
      gives: { two: async () => (await messagesOf("1.4", 4)).filter(({ bytes }) => bytes === 4).length },
    },
    { says: "a job on NCCL after ten minutes", by: "source", sources: [ncclTimeout] },
    { says: "256 KiB per group over `shm`", by: "run", gives: { "256": () => UNIT / 1024 } },
    { says: "eight GPUs as 2 × 4", by: "arithmetic", gives: { eight: () => 2 * 4 } },
    { says: "ranks keep the last thousand operations", by: "run", gives: { thousand: kept } },
    {
      says: "On the two cores this was written on, four ranks as threads take 0.30 s",
      by: "measured",
      run: "worldsize bench startup",
      prints: [/hello-distributed, 4 ranks, shm time s [\d.]+/],
      where: here,
    },
    {
      says: "four processes 0.53 s, and the same with PyTorch and gloo 4.4 s",
      by: "measured",
      run: "worldsize bench startup --transport unix --against gloo",
      prints: [/hello-distributed, 4 ranks, unix time s [\d.]+/],
      where: here,
    },
    { says: "a thousand files", by: "example", why: "one for each of the thousand ranks of the question" },
    {
      says: "go wrong in three ways",
      by: "example",
      why: "chapter 2: deadlock, a reused buffer, a message that does not match",
    },
  ],
};
