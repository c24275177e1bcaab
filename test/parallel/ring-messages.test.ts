/**
 * With `--algorithm ring`, how many messages each rank sends for every collective of a step, and of how many bytes, is
 * what chapter 4's formula says: 2 (n - 1) for an all_reduce, n - 1 for an all_gather or a reduce_scatter.
 */
import { describe, expect, it } from "vitest";
import { defaultTable } from "../../src/world/algorithms/tuner.ts";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

const table = { ...defaultTable, shared: false, allReduce: "ring", allGather: "ring" } as const;
const rounds = { allReduce: 2, allGather: 1, reduceScatter: 1 } as const;
type Kind = keyof typeof rounds;

/** Elements of the largest tensor that a call names: of pieces and their whole, the whole. */
function elementsOf(text: string): number {
  const shapes = [...text.matchAll(/\[([\d,]*)\]/g)].map(([, shape]) => shape.split(",").map(Number));
  return Math.max(...shapes.map((shape) => shape.reduce((a, b) => a * b, 1)));
}

const programs = {
  ddp: ["test/programs/data-parallel-memory.ts", { kind: "ddp", micro: 2 }],
  zero1: ["test/programs/data-parallel-memory.ts", { kind: "zero1", micro: 2 }],
  zero2: ["test/programs/data-parallel-memory.ts", { kind: "zero2", micro: 2 }],
  fsdp: ["test/programs/data-parallel-memory.ts", { kind: "fsdp", micro: 2 }],
  "shards with two copies": ["test/programs/data-parallel-memory.ts", { kind: "fsdp", copies: 2, micro: 2 }],
  "tensor parallelism": ["test/programs/tensor-traffic.ts", {}],
  "with the sequence cut": ["test/programs/tensor-traffic.ts", { sequence: true }],
} as const;
/** The decoder of the tensor-parallel program has 6 heads and 12 tokens. */
const isWhole = (name: string, ranks: number): boolean => programs[name as keyof typeof programs][0].includes("data") || 6 % ranks === 0; // biome-ignore format: one condition

/** Ranks that call a collective together: with copies, those that share out, and those that have the same rows. */
function membersOf(name: keyof typeof programs, kind: string, ranks: number): number {
  if (name !== "shards with two copies") return ranks;
  return kind === "allReduce" ? 2 : ranks / 2;
}

describe.each(Object.keys(programs) as (keyof typeof programs)[])("%s in rings", { timeout: 60_000 }, (name) => {
  const [program, options] = programs[name];
  const worlds = name.endsWith("copies") ? [4, 6] : cases([2, 3, 5], 0, 1).filter((ranks) => isWhole(name, ranks));
  const places = worlds.map((ranks) => [ranks, ranks === 2 ? "shm" : "local"] as const);
  it.each(places)("messages and bytes, %i ranks over %s", async (ranks, transport) => {
    const job = { ranks, transport, recorded: true, traced: true, options, table } as const;
    const { failure, records } = await runProgram(program, job);
    expect(failure?.message).toBe(undefined);
    const traffics = records.map(({ traffic }) => traffic);
    const seen = new Set<string>();
    for (const [number, { kind, text }] of traffics[0].operations.entries()) {
      if (!(kind in rounds)) continue;
      seen.add(kind);
      const sent = traffics.map(({ events }) =>
        events.filter(({ event, operation }) => event === "send" && operation === number),
      );
      const members = membersOf(name, kind, ranks);
      const round = rounds[kind as Kind] * (members - 1);
      const where = `operation ${number}, ${text}`;
      expect(sent.map(({ length }) => length), where).toEqual(Array(ranks).fill(round)); // biome-ignore format: one line
      const bytes = sent.map((messages) => messages.reduce((sum, message) => sum + (message.bytes ?? 0), 0));
      const whole = 4 * elementsOf(text);
      expect(
        bytes.reduce((a, b) => a + b, 0),
        where,
      ).toBe((ranks / members) * round * whole);
      // Pieces of an all_reduce differ by an element at most, and each rank leaves out one of them in each round.
      const slack = kind === "allReduce" ? 4 * rounds.allReduce : 0;
      for (const each of bytes) expect(Math.abs(each - (round * whole) / members), where).toBeLessThanOrEqual(slack);
    }
    expect([...seen].sort()).toEqual(expected(name));
  });
});

/** The kinds that a step calls at all. */
function expected(name: keyof typeof programs): string[] {
  if (name.endsWith("copies")) return ["allGather", "allReduce", "reduceScatter"];
  if (name === "ddp" || name === "tensor parallelism") return ["allReduce"];
  return name === "with the sequence cut"
    ? ["allGather", "allReduce", "reduceScatter"]
    : ["allGather", "reduceScatter"];
}
