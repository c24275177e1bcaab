// Checks 2.2: the sum, and that four operations are issued before the first is awaited.
import type { ProcessGroup, TensorDevice } from "worldsize";
import { type Answer, counted, defineExercise, formed, Wrong, waitedEarly, wholes } from "worldsize/exercise";

interface NeighbourAnswer extends Answer {
  neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number>;
}

/** In the first run of every world a sum shows whose numbers are in it; in the second some are equal, or 0. */
const numberOf = (seed: number, rank: number, variant: number): number =>
  [10 ** (rank % 7) * (rank < 7 ? 1 : -2), [5, 0, 5, -5][rank % 4]][variant] ?? wholes(seed, 1, rank)[0];

export default defineExercise({
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
      because: "All four: Promise.all is called with four Works that are already in flight.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    return (answer as NeighbourAnswer).neighbourSum(world, device, numberOf(seed, world.rank, variant));
  },
  judge(outcome) {
    const { size, ranks, reports, seed, variant, settings } = outcome;
    outcome.allowOnly(["send", "recv"], "Two sends and two receives are all it takes.");
    const numberAt = (rank: number): number => numberOf(seed, (rank + size) % size, variant);
    for (const rank of ranks) {
      const [left, own, right] = [numberAt(rank - 1), numberAt(rank), numberAt(rank + 1)];
      const got = formed<number>(
        reports[rank],
        "number",
        `on rank ${rank} of ${size}, neighbourSum(world, device, ${own})`,
      );
      if (got === left + right) continue;
      throw new Wrong(
        "the sum",
        `rank ${rank} of ${size}, whose number is ${own}, returned ${got}; ` +
          `its neighbours' numbers are ${left} and ${right}, together ${left + right}.${hint(got, left, own, right, size)}`,
      );
    }
    for (const rank of ranks) {
      const neighbours = [(rank + size - 1) % size, (rank + 1) % size];
      const sends = outcome.events(rank, "send");
      outcome.must(
        sends.length === 2,
        "messages",
        `rank ${rank} of ${size} sent ${counted(sends.length, "message")}; it should send two, ` +
          `one to each neighbour${size === 2 ? ", also where both are the same rank" : ""}.`,
      );
      const to = sends.map(({ peer = -1 }) => peer);
      outcome.must(
        neighbours.every((neighbour) => to.includes(neighbour)),
        "messages",
        `rank ${rank} of ${size} sent to ranks ${to.join(" and ")}; ` +
          `one message each should go to its neighbours, ranks ${neighbours.join(" and ")}.`,
      );
      const empty = sends.find(({ bytes }) => bytes === 0);
      outcome.must(
        empty === undefined,
        "messages",
        () =>
          `rank ${rank} of ${size} called ${outcome.calls(rank)[empty?.operation ?? 0].text}: that message is empty; each should carry the rank's number.`,
      );
      if (settings.transport !== "local") continue;
      const early = waitedEarly(outcome.traffic[rank].events);
      if (!early) continue;
      const { text, site } = outcome.calls(rank)[early.operation];
      throw new Wrong(
        "at once",
        `rank ${rank} of ${size} waited for ${text}${site && ` (${site})`} when only ${early.started} of its 4 operations ` +
          `${early.started === 1 ? "was" : "were"} in flight. Issue all four, then wait.`,
      );
    }
  },
});

/** What a wrong sum is made of. */
function hint(got: number, left: number, own: number, right: number, size: number): string {
  if (got === left + right + own) return " It counts its own number, too.";
  if (size === 2 && got === left) return " On 2 ranks the other rank is both neighbours, and counts twice.";
  if (got === left || got === right) return ` The ${got === left ? "right" : "left"} neighbour's number is missing.`;
  if (got === 2 * left) return " It is the left neighbour's number twice.";
  if (got === 2 * right) return " It is the right neighbour's number twice.";
  if (got === left + own || got === right + own) return " It counts its own number instead of a neighbour's.";
  if (got === 2 * own || got === own) return " It is made of its own number.";
  return "";
}
