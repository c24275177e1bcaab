// Checks 2.2: the sum, and that four operations are issued before the first is awaited.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, defineExercise, Wrong, wholes } from "worldsize/exercise";

interface NeighbourAnswer extends Answer {
  neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number>;
}

const numberOf = (seed: number, rank: number): number => wholes(seed, 1, rank)[0];

export default defineExercise<number>({
  number: "2.2",
  title: "Both ways at once",
  exports: ["neighbourSum"],
  worlds: [2, 3, 5, 8],
  hints: [
    "An operation starts when it is called, and you get a Work. What happens if you keep the four Works and await them later?",
    "Two receives at the same time need two tensors. The value may be sent twice from one tensor: reading twice does no harm.",
    "await Promise.all([world.send(mine, right), world.send(mine, left), world.recv(a, left), world.recv(b, right)]) issues all four, then waits.",
  ],
  questions: [
    {
      ask: "On 3 ranks, how many operations has rank 0 issued before it awaits the first?",
      world: 3,
      answer: (outcome) => {
        const events = outcome.events(0, "issue", "await");
        return events.findIndex(({ event }) => event === "await");
      },
      because: "All four: Promise.all is called with four Works that are already under way.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    return (answer as NeighbourAnswer).neighbourSum(world, device, numberOf(seed, world.rank));
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    outcome.allowOnly(["send", "recv"], "Two sends and two receives are all it takes.");
    for (const rank of ranks) {
      const left = numberOf(seed, (rank + size - 1) % size);
      const right = numberOf(seed, (rank + 1) % size);
      const own = numberOf(seed, rank);
      const got = reports[rank];
      if (got !== left + right) {
        const hint =
          got === left + right + own
            ? " It counts its own number, too."
            : got === left || got === right
              ? " One neighbour's number is missing."
              : got === 2 * left
                ? " It is the left neighbour's number twice."
                : got === 2 * right
                  ? " It is the right neighbour's number twice."
                  : "";
        throw new Wrong(
          "the sum",
          `rank ${rank} returned ${got}; its neighbours' numbers are ${left} and ${right}, together ${left + right}.${hint}`,
        );
      }
      const { messages } = outcome.sent(rank);
      outcome.must(
        messages === 2,
        "messages",
        `rank ${rank} sent ${messages} messages; one to each neighbour are two.`,
      );
      const first = outcome.traffic[rank].events.findIndex(({ event }) => event === "await");
      const issued = outcome.traffic[rank].events.slice(0, first).filter(({ event }) => event === "issue").length;
      outcome.must(
        issued === 4,
        "at once",
        `rank ${rank} waited when only ${issued} of its 4 operations were under way. Issue all, then await.`,
      );
    }
  },
});
