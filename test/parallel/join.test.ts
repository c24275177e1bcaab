/** What queries find in blocks of keys, joined, is what they find among all of them: at any cut, and where a block shows nothing. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { join } from "../../src/parallel/context/ring-attention.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { runProgram } from "../helpers/jobs.ts";

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice();
});
afterAll(closeDevices);

const i32 = (...values: number[]): Tensor => device.tensor(values, "i32");

it("at any cut, whatever the size of the scores", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(1, 30, 1000),
      fc.nat(99),
      async (queries, lengths, size, seed) => {
        const blocks = [1 + lengths[0], ...lengths.slice(1)]; // every query has seen a key before anything is joined
        const keys = blocks.reduce((sum, length) => sum + length, 0);
        const q = device.randn([queries, 4, 6], { seed }).mul_(size);
        const [k, v] = [1, 2].map((more) => device.randn([keys, 2, 6], { seed: seed + more }));
        const among = (from: number, to: number) => {
          const [part, values] = [k, v].map((each) => each.slice(0, from, to));
          return F.attention({
            q,
            k: part,
            v: values,
            qStarts: i32(0, queries),
            kStarts: i32(0, to - from),
            causal: false,
          });
        };
        const whole = among(0, keys);
        const all = among(0, blocks[0]);
        let at = blocks[0];
        for (const length of blocks.slice(1)) join(all, among(at, (at += length)));
        const scores = await whole.lse.abs().max().item();
        for (const name of ["o", "lse"] as const) {
          const gap = await all[name].sub(whole[name]).abs().max().item();
          const largest = await whole[name].abs().max().item();
          // An f32 has 24 bits for a logarithm of that size, and what it lacks is a factor of the result.
          const scale = name === "o" ? Math.max(1, largest) : 1;
          expect(gap).toBeLessThanOrEqual((3e-6 + 4 * 2 ** -24 * scores) * scale);
        }
      },
    ),
    { numRuns: 60 },
  );
});

it.each([
  [1, 700, 1],
  [2, 300, 2],
  [3, 901, 3],
])(
  "on %i ranks, %i tokens: more than the kernel takes at once",
  { timeout: 60_000 },
  async (ranks, tokens, documents) => {
    // The script holds results and gradients against one rank, and fails where they differ.
    const script = "course/part2-parallelism/chapter06-tensor-parallelism/scripts/ring-attention.ts";
    const { failure } = await runProgram(script, { ranks, transport: "shm", options: { tokens, documents } });
    expect(failure?.message).toBe(undefined);
  },
);
