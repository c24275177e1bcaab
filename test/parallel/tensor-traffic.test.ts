/** Exactly which collectives a step of a decoder takes, and how many elements they carry: as recorded, on every rank. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const [layers, tokens, width] = [2, 12, 24];
const stream = tokens * width;

/** Collectives of each part of a step, in order, as recorded: their kind and the elements of their first tensor. */
async function partsOf(ranks: number, options: Record<string, boolean>, transport: "local" | "shm" = "local") {
  const program = "test/programs/tensor-traffic.ts";
  const { failure, records, shown } = await runProgram(program, { ranks, transport, recorded: true, options });
  expect(failure?.message).toBe(undefined);
  const all = records.map(({ traffic }) => {
    const parts: string[][] = [[]];
    for (const { kind, text } of traffic.operations) {
      if (kind === "barrier") parts.push([]);
      else {
        const shape = (text.match(/\[([\d,]*)\]/)?.[1] ?? "").split(",").map(Number);
        parts[parts.length - 1].push(`${kind} ${shape.reduce((size, length) => size * length, 1)}`);
      }
    }
    return parts.slice(1, 5);
  });
  for (const each of all) expect(each).toEqual(all[0]);
  const [forward, loss, backward, partial] = all[0];
  const during = shown.map(({ shown: what }) => (what.kind === "row" ? String(what.row.during) : ""));
  const sent = records.map(({ traffic }) =>
    traffic.events
      .filter(({ event, kind }) => event === "send" && kind === "reduceScatter")
      .reduce((sum, { bytes = 0 }) => sum + bytes, 0),
  );
  return { forward, loss, backward, partial, during, sent };
}

const times = (count: number, ...what: string[]): string[] => Array.from({ length: count }, () => what).flat();

describe.each([2, 3])("on %i ranks", (ranks) => {
  it("tensor parallelism: two all-reduces of the stream for each layer, forward and backward", {
    timeout: 60_000,
  }, async () => {
    const { forward, loss, backward, partial } = await partsOf(ranks, {});
    expect(forward).toEqual(times(1 + 2 * layers, `allReduce ${stream}`));
    expect(loss).toEqual([`allReduce ${tokens}`, `allReduce ${2 * tokens}`]);
    expect(backward).toEqual(times(2 * layers + 1, `allReduce ${stream}`));
    expect(partial).toEqual([]);
  });

  it("with the sequence: all_gather and reduce_scatter in their place, and one sum of the norms' gradients", {
    timeout: 60_000,
  }, async () => {
    const { forward, loss, backward, partial, sent } = await partsOf(ranks, { sequence: true });
    const [gather, scatter] = [`allGather ${stream}`, `reduceScatter ${stream}`];
    expect(forward).toEqual([scatter, ...times(2 * layers, gather, scatter), gather]);
    expect(loss).toEqual([`allReduce ${tokens}`, `allReduce ${2 * tokens}`]);
    expect(backward).toEqual([scatter, ...times(2 * layers, gather, scatter), gather]);
    expect(partial).toEqual([`allReduce ${(2 * layers + 1) * width}`]);
    // Of each the slices of the others are sent: (ranks - 1) / ranks of the stream, in f32.
    const each = (4 * stream * (ranks - 1)) / ranks;
    expect(sent).toEqual(Array(ranks).fill(2 * (2 * layers + 1) * each));
  });

  it("heads of keys that ranks have copies of: their gradients are summed, weight by weight", {
    timeout: 60_000,
  }, async () => {
    const { forward, backward } = await partsOf(ranks, { copied: true });
    expect(forward).toEqual(times(1 + 2 * layers, `allReduce ${stream}`));
    const head = `allReduce ${2 * width}`;
    expect(backward.filter((each) => each === head).length).toBe(2 * layers);
    expect(backward.filter((each) => each !== head)).toEqual(times(2 * layers + 1, `allReduce ${stream}`));
  });
});

it.each([false, true])(
  "gradients of weights are computed while collectives are under way: sequence %s",
  { timeout: 60_000 },
  async (sequence) => {
    const plain = await partsOf(2, { sequence }, "shm");
    const overlapped = await partsOf(2, { sequence, overlap: true }, "shm");
    expect(overlapped.backward).toEqual(plain.backward);
    for (const during of plain.during) expect(during).not.toMatch(/\[g/);
    // The head's under the first; those of an MLP's three weights and of attention's four under theirs, with their norms.
    for (const during of overlapped.during) {
      const under = [...during.matchAll(/\[(g*)\]/g)].map(([, hooks]) => hooks.length);
      expect(under.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(1 + layers * 7);
      expect(under[0]).toBe(1);
      expect([...during].filter((each) => each === "g").length).toBe(3 + layers * 9);
    }
  },
);
