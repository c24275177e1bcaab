/** What data-parallel strategies hold, by kind, and what they send: equal to the forms that chapter 5 gives, to the byte. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases, isLong } from "../helpers/long.ts";

const [LAYERS, MICRO] = [5, 3];
type Row = Readonly<Record<string, number>>;

async function measure(
  ranks: number,
  streams: "inline" | "threaded",
  options: Record<string, string | number>,
  transport: "local" | "shm" | "tcp" = "shm",
) {
  const program = "test/programs/data-parallel-memory.ts";
  const { failure, shown } = await runProgram(program, { ranks, transport, streams, traced: true, options });
  expect(failure?.message).toBe(undefined);
  const rows: Row[][] = Array.from({ length: ranks }, () => []);
  for (const { rank, shown: what } of shown) if (what.kind === "row") rows[rank].push(what.row as Row);
  return rows;
}

/** Buffers begin at multiples of 64 bytes. */
const rounded = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The shapes of the model's parameters: the rest of the model, and a block. */
function shapesOf(row: Row): { rest: number[][]; block: number[][] } {
  const [embed, ...block] = JSON.parse(String(row.sizes)) as number[][];
  return { rest: [embed, [embed[1]]], block };
}

/** Rows that a rank has of a shape; those that it has room for; all. */
const own = ([rows, ...others]: readonly number[], rank: number, ranks: number): number => {
  const room = Math.ceil(rows / ranks);
  return Math.max(0, Math.min(rows, (rank + 1) * room) - rank * room) * sizeOf(others);
};
const room = ([rows, ...others]: readonly number[], ranks: number): number => Math.ceil(rows / ranks) * sizeOf(others);

/** Peaks by kind, in bytes. */
function formOf(kind: string, row: Row, rank: number, ranks: number): Row {
  const { rest, block } = shapesOf(row);
  const all = [...rest, ...Array.from({ length: LAYERS }, () => block).flat()];
  const bytes = (shapes: number[][], size: (shape: number[]) => number): number =>
    sum(shapes.map((shape) => rounded(4 * size(shape))));
  const whole = bytes(all, sizeOf);
  const moments = 2 * bytes(all, kind === "ddp" ? sizeOf : (shape) => own(shape, rank, ranks));
  if (kind === "ddp") {
    return { parameters: whole, gradients: whole + rounded(4 * all.length), optimizer: moments };
  }
  const segment = (shapes: number[][]): number => sum(shapes.map((shape) => room(shape, ranks)));
  // A unit's own rows are one buffer; of their gradients, too, with one number for each parameter.
  const shards = rounded(4 * segment(rest)) + LAYERS * rounded(4 * segment(block));
  const gradientShard = rounded(4 * (segment(block) + block.length));
  // Blocks are reduced from the last to the first; on one rank, own rows are more than whole gradients, by the numbers.
  const others = bytes(rest, sizeOf);
  const first = kind === "zero1" ? whole : (LAYERS - 1) * gradientShard + bytes(block, sizeOf) + others;
  return {
    parameters: kind === "fsdp" ? shards + others + bytes(block, sizeOf) : whole,
    gradients: Math.max(first, LAYERS * gradientShard + Math.max(others, rounded(4 * (segment(rest) + rest.length)))),
    optimizer: moments,
  };
}

/** What a rank's calls of a step carried. */
function sentOf(row: Row): Record<string, number | undefined> {
  const { "allReduce calls": reduces, "allReduce bytes": reduced } = row;
  const { "allGather calls": gathers, "allGather bytes": gathered } = row;
  const { "reduceScatter calls": scatters, "reduceScatter bytes": scattered } = row;
  return { reduces, reduced, gathers, gathered, scatters, scattered };
}

/**
 * The same by the form of what is sharded over `ranks`. With copies each unit's own rows of gradients are summed over them once,
 * with one number for each parameter, as they were scattered.
 */
function shardedForm(
  row: Row,
  kind: string,
  { ranks, micro, copies = 1 }: Readonly<Record<"ranks" | "micro", number>> & { readonly copies?: number },
): Record<string, number | undefined> {
  const { rest, block } = shapesOf(row);
  const own = (shapes: number[][], extra = 0): number => 4 * (sum(shapes.map((shape) => room(shape, ranks))) + extra);
  const segment = (shapes: number[][], extra = 0): number => ranks * own(shapes, extra);
  const blocks = kind === "fsdp" ? 2 * micro : 1;
  const rests = kind === "fsdp" ? micro : 1;
  return {
    reduces: copies > 1 ? LAYERS + 1 : undefined,
    reduced: copies > 1 ? LAYERS * own(block, block.length) + own(rest, rest.length) : undefined,
    gathers: blocks * LAYERS + rests,
    gathered: blocks * LAYERS * segment(block) + rests * segment(rest),
    scatters: LAYERS + 1,
    scattered: LAYERS * segment(block, block.length) + segment(rest, rest.length),
  };
}

const memories = cases(
  [
    [1, "inline"],
    [2, "threaded"],
    [3, "inline"],
    [2, "inline"],
    [5, "inline"],
  ] as const,
  ...[0, 1, 2],
);

/** What is sent depends neither on the transport nor on who runs the streams. */
const traffics = cases(
  [
    [3, "shm", "inline"],
    [2, "local", "inline"],
    [2, "tcp", "threaded"],
    [2, "shm", "threaded"],
    [3, "tcp", "inline"],
    [5, "local", "inline"],
  ] as const,
  ...[0, 1, 2],
);

describe.each(["ddp", "zero1", "zero2", "fsdp"])("%s", { timeout: 60_000 }, (kind) => {
  it.each(memories)("memory by kind, %i ranks, streams %s", async (ranks, streams) => {
    for (const [rank, [row]] of (await measure(ranks, streams, { kind })).entries()) {
      const { parameters, gradients, optimizer } = row;
      // The buckets of DDP are rounded once each, and not by parameter.
      const slack = kind === "ddp" ? 64 * 60 : 0;
      const form = formOf(kind, row, rank, ranks);
      expect({ rank, parameters, optimizer }).toEqual({ rank, parameters: form.parameters, optimizer: form.optimizer });
      expect(Math.abs(gradients - form.gradients)).toBeLessThanOrEqual(slack);
    }
  });

  // Processes are slow to start: the short form has them once for each way of reducing.
  const chosen = traffics.filter(([, by]) => isLong || by !== "tcp" || kind === "ddp" || kind === "fsdp");
  it.each(chosen)("calls and bytes, %i ranks over %s, streams %s", async (ranks, transport, streams) => {
    for (const micro of transport === "shm" ? [1, MICRO] : [MICRO]) {
      const found = await measure(ranks, streams, { kind, micro }, transport);
      expect(found.every((rows) => rows.length > 0)).toBe(true);
      for (const [row] of found) {
        if (kind !== "ddp") {
          expect(sentOf(row)).toEqual(shardedForm(row, kind, { ranks, micro }));
          continue;
        }
        const { rest, block } = shapesOf(row);
        const elements = sum(rest.map(sizeOf)) + LAYERS * sum(block.map(sizeOf));
        const parameters = rest.length + LAYERS * block.length;
        expect({ ...sentOf(row), reduces: undefined }).toEqual({ reduced: 4 * (elements + parameters) });
      }
    }
  });
});

describe("shards with replicas (HSDP)", { timeout: 60_000 }, () => {
  const worlds = cases(
    [
      [6, 2, "local", "inline"],
      [6, 3, "shm", "inline"],
      [4, 2, "shm", "threaded"],
      [4, 4, "local", "inline"],
      [4, 2, "tcp", "inline"],
    ] as const,
    ...[0, 1, 2],
  );
  it.each(worlds)(
    "calls and bytes, %i ranks in %i copies over %s, streams %s",
    async (ranks, copies, transport, streams) => {
      for (const kind of ["zero1", "zero2", "fsdp"]) {
        const found = await measure(ranks, streams, { kind, copies, micro: MICRO }, transport);
        expect(found.every((rows) => rows.length > 0)).toBe(true);
        for (const [row] of found) {
          const shards = ranks / copies;
          expect({ kind, ...sentOf(row) }).toEqual({
            kind,
            ...shardedForm(row, kind, { ranks: shards, micro: MICRO, copies }),
          });
        }
      }
    },
  );

  it("memory by kind is that of its shards: copies cost nothing more", async () => {
    for (const [ranks, copies] of [
      [4, 2],
      [6, 2],
    ]) {
      for (const kind of ["zero1", "zero2", "fsdp"]) {
        for (const [rank, [row]] of (await measure(ranks, "inline", { kind, copies }, "local")).entries()) {
          const shards = ranks / copies;
          const { parameters, gradients, optimizer } = row;
          expect({ kind, rank, parameters, gradients, optimizer }).toEqual({
            kind,
            rank,
            ...formOf(kind, row, rank % shards, shards),
          });
        }
      }
    }
  });
});

it.each(["inline", "threaded"] as const)(
  "a fully sharded model has at most three whole blocks at once, streams %s",
  { timeout: 60_000 },
  async (streams) => {
    for (const ranks of [2, 3]) {
      for (const [row, { forward, backward }] of await measure(ranks, streams, { kind: "fsdp" })) {
        const { rest, block } = shapesOf(row);
        const bytes = (shapes: number[][]): number => sum(shapes.map((shape) => rounded(4 * sizeOf(shape)) + 64));
        const shards = sum(
          [...rest, ...Array.from({ length: LAYERS }, () => block).flat()].map((s) => 4 * room(s, ranks)),
        );
        expect(forward).toBeLessThanOrEqual(shards + 3 * bytes(block) + bytes(rest));
        // The rest is there whole, and so are its gradients.
        expect(backward).toBeLessThanOrEqual(2 * shards + 3 * bytes(block) + 2 * bytes(rest));
      }
    }
  },
);
