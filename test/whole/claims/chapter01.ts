/** What chapter 1 states, and what it rests on. */
import { UNIT } from "../../../src/device/memory/segments.ts";
import { MAX_RANKS } from "../../../src/job/node/job.ts";
import { MemoryStore } from "../../../src/world/store/memory-store.ts";
import { runProgram } from "../../helpers/jobs.ts";
import type { Register } from "./claim.ts";
import { messagesOf } from "./runs.ts";
import { dumpByDefault, flightRecorder, freeThreading, h100, ncclTimeout, zero } from "./sources.ts";

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
      says: "70 billion parameters with Adam in mixed precision keeps 16 bytes per parameter: weights and gradients in 16 bits, and in 32 bits a copy of the weights and two moments",
      by: "source",
      sources: [zero],
      gives: { "16 bytes": () => 2 + 2 + 4 + 4 + 4, "70": () => 70 },
    },
    { says: "70 × 10⁹ × 16 B = 1.1 TB", by: "arithmetic", gives: { "1.1": () => (70e9 * 16) / 1e12 } },
    { says: "an H100 has 80 GB", by: "source", sources: [h100] },
    { says: "At least 14 devices", by: "arithmetic", gives: { "14": () => Math.ceil((70e9 * 16) / 80e9) } },
    { says: "Two hosts with four GPUs each", by: "example", why: "the hosts of the picture" },
    { says: "Two hosts, four GPUs each, eight copies of one program", by: "arithmetic", gives: { eight: () => 2 * 4 } },
    { says: "Four copies start", by: "command", run: hello, prints: ["all 4 of us"] },
    { says: "numbered from 0", by: "command", run: hello, prints: ["Hello from rank 0 of 4"] },
    {
      says: "in two rounds, 1 becomes 2 and then 4 on every rank",
      by: "run",
      gives: { "4": async () => (await messagesOf("1.1", 4)).length / 2, two: () => Math.log2(4), "2": () => 1 + 1 },
    },
    { says: "each rank contributes a 1", by: "example", why: "exercise 1.1 adds ones" },
    {
      says: "Eight messages of four bytes later",
      by: "run",
      gives: {
        Eight: async () => (await messagesOf("1.1", 4)).length,
        four: async () => Math.max(...(await messagesOf("1.1", 4)).map(({ bytes }) => bytes)),
      },
    },
    { says: "except in free-threaded builds, 3.13+", by: "source", sources: [freeThreading] },
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
    {
      says: "it returns 1 to the first caller, 2 to the second, and never the same number twice",
      by: "run",
      gives: { "1": () => added(1), "2": () => added(2) },
    },
    { says: "the next three chapters", by: "example", why: "chapters 2, 3 and 4" },
    {
      says: "World rank 4 is rank 2 of the even group, and its size is 3",
      by: "arithmetic",
      gives: { "3": () => [0, 1, 2, 3, 4].filter((rank) => rank % 2 === 0).length },
    },
    {
      says: "the even ranks 0, 2, 4 become 0, 1, 2 of one group, the odd ranks 1, 3 become 0, 1 of another",
      by: "example",
      why: "the two groups of five ranks",
    },
    { says: "a grid of 2 × 4", by: "example", why: "the cut that the program makes" },
    { says: "Its row is 4, 5, 6, 7, which add up to 22", by: "arithmetic", gives: { "22": () => 4 + 5 + 6 + 7 } },
    { says: "its column is 2 and 6", by: "arithmetic", gives: { "6": () => 2 + 4 } },
    { says: "256 KiB over `shm`", by: "run", gives: { "256": () => UNIT / 1024 } },
    { says: "ranks keep their last thousand operations", by: "run", gives: { thousand: kept } },
    {
      says: "On a machine with two cores, four ranks as threads take 0.4 s from the shell to the prompt, four processes 0.7 s, and the same with PyTorch 2.13 and gloo 7 s",
      by: "measured",
      run: "worldsize bench startup --transport unix --against gloo",
      prints: [/hello-distributed, 4 ranks, unix time s [\d.]+/],
      where: here,
    },
    {
      says: "0.36 to 0.42, 0.70 to 0.71 and 7.1 to 7.3 s",
      by: "measured",
      run: "worldsize bench startup",
      prints: [/hello-distributed, 4 ranks, shm time s [\d.]+/],
      where: here,
    },
    { says: "after its group's `timeout`, 10 minutes", by: "source", sources: [ncclTimeout] },
    {
      says: "by default in new versions (`TORCH_FR_BUFFER_SIZE` starts at 2,000)",
      by: "source",
      sources: [flightRecorder, dumpByDefault],
    },
    { says: "above 0 and `TORCH_NCCL_DUMP_ON_TIMEOUT=1`", by: "source", sources: [flightRecorder, dumpByDefault] },
    { says: "On gloo an operation waits 30 minutes", by: "source", sources: [ncclTimeout] },
    { says: "pull request [110947]", by: "example", why: "the number of the pull request" },
    { says: "default timeout to 10 min", by: "source", sources: [ncclTimeout] },
    { says: "(2020): the 16 bytes", by: "source", sources: [zero] },
    {
      says: "go wrong in three ways",
      by: "example",
      why: "chapter 2: deadlock, a reused buffer, a message that does not match",
    },
  ],
};
