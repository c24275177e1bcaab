/** Whole decoders cut along an axis, against one rank: logits, loss and all gradients, on every rank. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

/** What the program says of one form, at one place. */
interface Found {
  readonly rank: number;
  readonly form: string;
  readonly sequence: boolean;
  readonly overlap: boolean;
  /** The largest difference, over the largest entry, and where it is. */
  readonly worst: number;
  readonly name: string;
  /** Hooks on parameters that were called, and parameters. */
  readonly hooks: number;
  readonly parameters: number;
  /** Elements that this rank has, without those of others, and those of the whole. */
  readonly elements: number;
  readonly of: number;
}

describe.each([
  ["local", "inline", "", cases([1, 3, 4, 2], 0, 1, 2)],
  ["local", "inline", "plain loss", cases([3, 2], 0)],
  ["local", "inline", "bf16", [3]],
  ["shm", "inline", "", cases([2, 3, 4], 0)],
  ["shm", "threaded", "", [2]],
  ["tcp", "inline", "", [3]],
] as const)("decoders over %s, streams %s, %s", (transport, streams, variant, worlds) => {
  it.each(worlds)("on %i ranks", { timeout: 120_000 }, async (ranks) => {
    const options = { plain: variant === "plain loss", half: variant === "bf16" };
    const program = "test/programs/tensor-parallel.ts";
    const { failure, shown } = await runProgram(program, { ranks, transport, streams, options });
    expect(failure?.message).toBe(undefined);
    const rows = shown.flatMap(({ rank, shown: what }) => (what.kind === "row" ? [{ rank, row: what.row }] : []));
    const bits = rows.filter(({ row }) => "bits" in row);
    expect(bits.map(({ row }) => row.bits)).toEqual(Array(ranks * 5 * 2).fill(true));
    const found = rows.flatMap(({ rank, row }) => ("worst" in row ? [{ rank, ...row } as unknown as Found] : []));
    expect(found.length).toBe(ranks * 5 * 2 * 2);
    // A gradient passes the conversion of its weight, which rounds it, and each term of a sum, to 8 bits.
    const bound = variant === "bf16" ? 2 ** -7 : 1e-5;
    expect(found.filter(({ worst }) => !(worst <= bound))).toEqual([]);
    for (const { hooks, parameters } of found) expect(hooks).toBe(parameters);
    // The boxes of all ranks are the whole.
    for (const { form, sequence, overlap, of } of found.filter(({ rank }) => rank === 0)) {
      const same = found.filter((each) => each.form === form && each.sequence === sequence && each.overlap === overlap);
      expect(same.reduce((sum, { elements }) => sum + elements, 0)).toBeCloseTo(of, 3);
    }
  });
});
