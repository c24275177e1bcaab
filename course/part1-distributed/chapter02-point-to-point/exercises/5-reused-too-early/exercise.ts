// Checks 2.5: the list, two sends in flight, two buffers, and nothing left unawaited.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, counted, defineExercise, formed, mostUnderWay, plainOf, Wrong, wholes } from "worldsize/exercise";

interface StreamAnswer extends Answer {
  stream(world: ProcessGroup, device: TensorDevice, values: number[]): Promise<number[]>;
}

/** The first run of every world has fractions and equal values, the second is short, the third is long. */
function valuesOf(seed: number, world: number, variant: number): number[] {
  if (variant === 0) return [0.5, -3, 2.25, 7, 0.5];
  if (variant === 1) return [1.5, -4].slice(0, [0, 2, 1][world % 3]); // one of 2 ranks, none of 3
  return wholes(seed, variant === 2 ? 300 : 6).map((number) => number / 4);
}

/** Bytes that two small tensors take: memory is given in blocks. */
const TWO_BLOCKS = 1024;

interface Report {
  readonly list: unknown;
  /** What it was handed, afterwards. */
  readonly values: unknown;
  /** Tensors that were made, and the bytes that they took at most. */
  readonly made: number;
  readonly bytes: number;
}

export default defineExercise<Report>({
  number: "2.5",
  title: "Reused too early",
  exports: ["stream"],
  worlds: [2, 3, 5],
  hints: [
    "The report names the send that still uses the buffer. When is it finished? When its Work has been awaited.",
    "Keep the Work of each buffer beside it. Before a buffer is filled again, await the Work that used it last: that is the send before the previous one.",
    "works[i % 2] is the Work of buffer i % 2: await works[i % 2]; buffers[i % 2].fill_(values[i]); works[i % 2] = world.send(buffers[i % 2], 1); and after the loop await both.",
  ],
  questions: [
    {
      ask: "Five values, two buffers. At most how many sends are in flight at a time in the solution?",
      world: 2,
      answer: (outcome) => mostUnderWay(outcome.traffic[0].events).begun,
      because:
        "Two: before a buffer is filled again, the send that used it is awaited, and the other may still be on its way.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const values = valuesOf(seed, world.size, variant);
    const given = world.rank === 0 ? values : values.map(() => 0);
    const before = device.memoryStats();
    const list = await (answer as StreamAnswer).stream(world, device, given);
    const after = device.memoryStats();
    const bytes = after.allocated.peak - before.allocated.current;
    return { list: plainOf(list), values: plainOf(given), made: after.allocations - before.allocations, bytes };
  },
  given: ({ seed, world, variant }) => `The values on rank 0 were ${shown(valuesOf(seed, world, variant))}.`,
  judge(outcome) {
    outcome.allowOnly(["send", "recv"], "A stream of messages from rank 0 to rank 1 is all there is.");
    const { ranks, reports, seed, variant, size, settings } = outcome;
    const values = valuesOf(seed, size, variant);
    for (const rank of ranks) {
      const wanted = rank === 1 ? values : [];
      const where = `rank ${rank} of ${size}`;
      const got = formed<number[]>(reports[rank].list, ["number"], `on ${where}, stream(world, device, values)`);
      if (!isSame(got, wanted)) {
        const hint = rank === 1 ? hintFor(got, wanted) : " Only rank 1 returns the values.";
        throw new Wrong("the list", `${where} returned ${shown(got)}; it should be ${shown(wanted)}.${hint}`);
      }
      const sent = outcome.events(rank, "send").length;
      outcome.must(
        sent === (rank === 0 ? values.length : 0),
        "messages",
        `${where} sent ${counted(sent, "message")} for ${counted(values.length, "value")}; ` +
          `${rank === 0 ? "it should be one for each value" : "only rank 0 sends"}.`,
      );
      const odd = outcome.calls(rank).find(({ text }) => !/^\w+\(f32\[(1(,1)*)?\]/.test(text));
      outcome.must(
        odd === undefined,
        "one f32 per message",
        `${where} called ${odd?.text}${odd?.site && ` (${odd.site})`}; each message should be one f32.`,
      );
      const after = formed<number[]>(reports[rank].values, ["number"], `the list of values on ${where}, afterwards`);
      outcome.must(
        isSame(after, rank === 0 ? values : values.map(() => 0)),
        "its input",
        `${where} changed the list of values to ${shown(after)}; it belongs to the caller.`,
      );
    }
    const { begun, kept } = mostUnderWay(outcome.traffic[0].events);
    outcome.must(
      kept >= Math.min(2, values.length) || settings.transport !== "local",
      "two in flight",
      `rank 0 never had more than ${counted(kept, "send")} in flight at a time: each had ended before the next was ` +
        "called, so nothing overlaps. Which send has used the buffer that is filled next?",
    );
    outcome.must(
      begun <= 2,
      "two in flight",
      `rank 0 had ${counted(begun, "send")} in flight at a time; with two buffers there are two.`,
    );
    const { made, bytes } = reports[0];
    const forValues = `for ${counted(values.length, "value")}`;
    outcome.must(
      made <= 2,
      "two buffers",
      `rank 0 made ${counted(made, "tensor")} ${forValues}; two, used in turn, are enough for any number of values.`,
    );
    outcome.must(
      bytes <= TWO_BLOCKS,
      "two buffers",
      `rank 0's tensors took ${counted(bytes, "byte")} of memory ${forValues}; two buffers of one f32 take ` +
        `${TWO_BLOCKS}, in blocks of 512. Does a tensor hold the whole list?`,
    );
  },
});

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** `[0.5, -3]`; of a long list its beginning. */
function shown(list: readonly number[]): string {
  return list.length > 8 ? `[${list.slice(0, 8).join(", ")}, …] of ${list.length} values` : `[${list.join(", ")}]`;
}

/** What may have happened to the values. */
function hintFor(got: readonly number[], wanted: readonly number[]): string {
  if (isSame([...got].sort(), [...wanted].sort())) return " The values are right, the order is not.";
  return got.length === wanted.length ? "" : ` There are ${counted(wanted.length, "value")}.`;
}
