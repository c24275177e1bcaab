/** What context parallelism sends: calls, messages and bytes of each rank, forward and backward, by formula, for both ways. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

/** Of the program's decoders: layers, and bytes of a token's keys and values. */
const models = { llama: { layers: 2, bytes: 4 * 2 * 2 * 4 }, gpt2: { layers: 2, bytes: 4 * 2 * 4 * 4 } } as const;
type Options = Readonly<Record<string, string | number>>;

interface Message {
  readonly to: number;
  readonly bytes: number;
}

/** By rank: what was sent from rank to rank, and the collectives over kept keys and values, of both steps of the program. */
async function measure(ranks: number, transport: "local" | "shm" | "tcp", options: Options) {
  const job = { ranks, transport, recorded: true, options } as const;
  const { failure, records } = await runProgram("test/programs/context.ts", job);
  expect(failure?.message).toBe(undefined);
  expect(records.length).toBe(ranks);
  return records.map(({ traffic: { events, operations, dropped } }) => {
    expect(dropped).toBe(0);
    const sent = events.filter(({ event, kind }) => event === "send" && kind === "send");
    const kinds = operations.map(({ kind }) => kind as string);
    return {
      messages: sent.map(({ peer, bytes }): Message => ({ to: peer as number, bytes: bytes as number })),
      gathers: operations.filter(({ kind }) => kind === "allGather").map(({ text }) => text),
      scatters: operations.filter(({ kind }) => kind === "reduceScatter").map(({ text }) => text),
      sends: kinds.filter((kind) => kind === "send").length,
      receives: kinds.filter((kind) => kind === "recv").length,
    };
  });
}

const worlds = cases(
  [
    [2, "local"],
    [3, "shm"],
    [1, "local"],
    [5, "local"],
    [3, "tcp"],
    [4, "shm"],
  ] as const,
  ...[0, 1, 2, 3],
);
const forms = cases(
  [
    ["llama", "13,1,7,2", 23],
    ["gpt2", "13,1,7,2", 23],
    ["llama", "5", 5],
    ["llama", "40", 40],
  ] as const,
  ...[0, 1, 2],
);

describe.each(worlds)("%i ranks over %s", { timeout: 60_000 }, (n, transport) => {
  it.each(forms)("%s, sequences of %s", async (model, lengths, tokens) => {
    const { layers, bytes } = models[model];
    const own = (2 * n * Math.ceil(tokens / (2 * n))) / n; // padded, so that each rank has two chunks
    const block = own * bytes;
    for (const again of [0, 1]) {
      // Keys and values go round forward, and once more in backward; so do their gradients, which come home besides.
      const rounds = (1 + again) * (n - 1) + (n - 1) + (n > 1 ? n : 0);
      const ring = await measure(n, transport, { model, lengths, again });
      for (const [rank, { messages, sends, receives, gathers, scatters }] of ring.entries()) {
        expect([gathers, scatters]).toEqual([[], []]);
        expect([rank, sends, receives]).toEqual([rank, 2 * layers * rounds, 2 * layers * rounds]);
        expect(messages).toEqual(Array(2 * layers * rounds).fill({ to: (rank + 1) % n, bytes: block }));
      }
      const gathered = await measure(n, transport, { model, lengths, again, way: "gathered" });
      for (const { messages, gathers, scatters } of gathered) {
        expect(messages).toEqual([]);
        const whole = `f32[${[n, 2, own, bytes / 32, 4]}]`; // heads of 4 numbers, of 4 bytes each
        // Keys and values of all, forward and backward; backward the sum of their gradients.
        expect([...new Set(gathers)]).toEqual([`allGather(${whole})`]);
        expect(gathers.length).toBe(2 * layers * (2 + again));
        expect([...new Set(scatters)]).toEqual([`reduceScatter(sum, ${whole})`]);
        expect(scatters.length).toBe(2 * layers);
      }
    }
  });
});
