// Checks 2.3: figures on a clock of its own, messages under way, and the plot. Never how fast this machine is.
import type { ProcessGroup, Show, TensorDevice } from "worldsize";
import { type Answer, defineExercise, Wrong } from "worldsize/exercise";

type Measure = (
  world: ProcessGroup,
  device: TensorDevice,
  sizes: number[],
  rounds: number,
  now: () => number,
) => Promise<number[]>;

interface LatencyAnswer extends Answer {
  blocking: Measure;
  windowed: Measure;
  draw(show: Show, sizes: number[], a: number[], b: number[]): void;
}

const sizes = [8, 64, 512];
const ROUNDS = 8;
const WINDOW = 4;
/** Milliseconds that pass on the check's clock whenever somebody looks at it. */
const TICK = 10;

interface Report {
  readonly blocking: readonly number[];
  readonly windowed: readonly number[];
  /** How often the clock was looked at. */
  readonly looks: number;
}

export default defineExercise<Report>({
  number: "2.3",
  title: "Latency, blocking and not",
  exports: ["blocking", "windowed", "draw"],
  worlds: [2, 3],
  hints: [
    "The blocking half is a loop with an await in it, on rank 0 around send, on rank 1 around recv. Where do the two looks at the clock go?",
    "Windowed: make 4 tensors before the clock starts. Issue 4 sends into an array of Works, await Promise.all of them, and do that rounds / 4 times. Rank 1 does the same with recv.",
    'Microseconds a message are ((end - start) * 1000) / rounds. The plot is show.plot([{ name: "blocking", y: a }, { name: "windowed", y: b }], "…").',
  ],
  questions: [
    {
      ask: "With 8 rounds, on a clock that moves by 10 ms at each look: what is the figure for each size, in microseconds?",
      world: 2,
      answer: (outcome) => (outcome.reports[0] as Report).blocking[0],
      because: "Two looks, 10 ms apart; 10 ms / 8 messages = 1,250 µs.",
    },
  ],
  async run(answer, { context: { world, device, show } }) {
    const { blocking, windowed, draw } = answer as LatencyAnswer;
    let time = 0;
    const clock = (): number => (time += TICK);
    const a = await blocking(world, device, [...sizes], ROUNDS, clock);
    await world.barrier();
    const b = await windowed(world, device, [...sizes], ROUNDS, clock);
    if (world.rank === 0) draw(show, sizes, a, b);
    return { blocking: a ?? [], windowed: b ?? [], looks: time / TICK };
  },
  judge(outcome) {
    const { reports } = outcome;
    outcome.allowOnly(["send", "recv", "barrier"], "Messages from rank 0 to rank 1 are all there is to measure.");
    const right = (TICK * 1000) / ROUNDS;
    const total = 2 * sizes.length * ROUNDS;
    const sent = outcome.events(0, "send").filter(({ kind }) => kind === "send").length;
    outcome.must(
      sent === total,
      "messages",
      `rank 0 sent ${sent} messages; ${sizes.length} sizes of ${ROUNDS} rounds, twice, are ${total}.`,
    );
    for (const rank of [0, 1]) {
      const { looks } = reports[rank];
      const enough = 4 * sizes.length;
      outcome.must(
        looks <= enough,
        "the clock",
        `rank ${rank} looked at the clock ${looks} times; once before and once after each of ${sizes.length} sizes, in both functions, are ${enough}. Every look costs time.`,
      );
      for (const half of ["blocking", "windowed"] as const) {
        const most = mostOpen(outcome.traffic[rank].events, half);
        const wanted = half === "blocking" ? 1 : WINDOW;
        outcome.must(
          most === wanted,
          `${half}: under way`,
          `in ${half}, rank ${rank} had up to ${most} messages under way at a time; it should be ${wanted}.`,
        );
        const figures = reports[rank][half];
        outcome.must(
          figures.length === sizes.length,
          "figures",
          `${half} returned ${figures.length} figures on rank ${rank}; there are ${sizes.length} sizes.`,
        );
        const odd = figures.find((figure) => Math.abs(figure - right) > 1e-6);
        if (odd === undefined) continue;
        const hint =
          odd === TICK / ROUNDS
            ? " Those are milliseconds."
            : odd === TICK * 1000
              ? " That is the time of all rounds together."
              : "";
        throw new Wrong(
          "figures",
          `${half} says ${odd} µs a message on rank ${rank}; on a clock that moves by ${TICK} ms a look, two looks around ${ROUNDS} messages give ${right} µs.${hint}`,
        );
      }
    }
    const plots = outcome.shown[0].flatMap((shown) => (shown.kind === "plot" ? [shown] : []));
    outcome.must(plots.length === 1, "the plot", `rank 0 showed ${plots.length} plots; it should show one.`);
    const names = plots[0].series.map(({ name }) => name).join(", ");
    const whole = plots[0].series.every(({ y }) => y.length === sizes.length);
    outcome.must(
      names === "blocking, windowed" && whole,
      "the plot",
      `the plot has the curves ${names || "none"}; it should have blocking and windowed, with a point for each size.`,
    );
  },
});

/** Most messages that were issued and not yet awaited, before or after the barrier. */
function mostOpen(events: readonly { event: string; kind: string }[], half: "blocking" | "windowed"): number {
  const middle = events.findIndex(({ kind }) => kind === "barrier");
  const part = half === "blocking" ? events.slice(0, middle) : events.slice(middle);
  let open = 0;
  let most = 0;
  for (const { event, kind } of part) {
    if (kind === "barrier") continue;
    if (event === "issue") most = Math.max(most, ++open);
    if (event === "await") open--;
  }
  return most;
}
