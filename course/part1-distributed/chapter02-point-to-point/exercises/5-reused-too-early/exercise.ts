// Checks 2.5: the list, two sends under way, two buffers, and nothing left unawaited.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, defineExercise, Wrong, wholes } from "worldsize/exercise";

interface StreamAnswer extends Answer {
  stream(world: ProcessGroup, device: TensorDevice, values: number[]): Promise<number[]>;
}

const lengthOf = (variant: number): number => [5, 4, 7, 6][variant % 4];

interface Report {
  readonly list: readonly number[];
  readonly made: number;
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
      ask: "Five values, two buffers. At most how many sends are under way at a time in the solution?",
      world: 2,
      answer: (outcome) => mostOpen(outcome.traffic[0].events),
      because:
        "Two: before a buffer is filled again, the send that used it is awaited, and the other may still be on its way.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const values = wholes(seed, lengthOf(variant));
    const before = device.memoryStats().allocations;
    const list = await (answer as StreamAnswer).stream(world, device, world.rank === 0 ? values : values.map(() => 0));
    return { list: [...(list ?? [])], made: device.memoryStats().allocations - before };
  },
  judge(outcome) {
    const { ranks, reports, seed, variant } = outcome;
    outcome.allowOnly(["send", "recv"], "A stream of messages from rank 0 to rank 1 is all there is.");
    const values = wholes(seed, lengthOf(variant));
    for (const rank of ranks) {
      const wanted = rank === 1 ? values : [];
      const got = reports[rank].list;
      if (got.join() === wanted.join()) continue;
      const sorted = [...got].sort().join() === [...wanted].sort().join();
      throw new Wrong(
        "the list",
        `rank ${rank} returned [${got.join(", ")}]; it should be [${wanted.join(", ")}].${sorted && rank === 1 ? " The values are right, the order is not." : ""}`,
      );
    }
    const { messages } = outcome.sent(0);
    outcome.must(
      messages === values.length,
      "messages",
      `rank 0 sent ${messages} messages; one for each of ${values.length} values are enough.`,
    );
    const most = mostOpen(outcome.traffic[0].events);
    outcome.must(
      most >= 2,
      "two under way",
      `rank 0 never had more than ${most} send under way: it awaits each before it fills the next buffer, so nothing overlaps.`,
    );
    outcome.must(
      most <= 2,
      "two under way",
      `rank 0 had ${most} sends under way at a time; with two buffers there are two.`,
    );
    outcome.must(
      reports[0].made <= 2,
      "two buffers",
      `rank 0 made ${reports[0].made} tensors; two, used in turn, are enough for any number of values.`,
    );
  },
});

/** Most sends that were issued and not yet awaited. */
function mostOpen(events: readonly { event: string; kind: string }[]): number {
  let open = 0;
  let most = 0;
  for (const { event } of events) {
    if (event === "issue") most = Math.max(most, ++open);
    if (event === "await") open--;
  }
  return most;
}
