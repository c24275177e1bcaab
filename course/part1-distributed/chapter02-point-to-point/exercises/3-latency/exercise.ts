// Checks 2.3: numbers on a clock of its own, messages in flight, and the plot. Never how fast this machine is.
import type { ProcessGroup, Show, TensorDevice } from "worldsize";
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import {
  cases,
  curvesOf,
  halves,
  judgeFigures,
  judgeMessages,
  judgePlot,
  type Measured,
  type Report,
} from "./judge.ts";

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

export default defineExercise<Report>({
  number: "2.3",
  title: "Latency, blocking and not",
  exports: ["blocking", "windowed", "draw"],
  worlds: [2, 3],
  hints: [
    "The blocking half is a loop with an await in it, on rank 0 around send, on rank 1 around recv. Where do the two looks at the clock go?",
    "Windowed: make 4 tensors before the clock starts. Issue 4 sends into an array of Works, await Promise.all of them, and do that rounds / 4 times. Rank 1 does the same with recv.",
    'Microseconds per message are ((end - start) * 1000) / rounds. The plot is show.plot([{ name: "blocking", y: a }, { name: "windowed", y: b }], "…").',
  ],
  questions: [
    {
      ask: "With 8 rounds, on a clock that moves by 10 ms at each look: what is the result for each size, in microseconds?",
      world: 2,
      answer: (outcome) => ((outcome.reports[0] as Report).blocking.figures as number[])[0],
      because: "Two looks, 10 ms apart; 10 ms / 8 messages = 1,250 µs.",
    },
  ],
  async run(answer, { context: { world, device, show, now, sleep }, variant }) {
    const { sizes, rounds, tick } = cases[variant];
    const { blocking, windowed, draw } = answer as LatencyAnswer;
    const measured = async (measure: Measure): Promise<Measured> => {
      // Rank 1 gets ready first: what it has in flight then does not depend on who is faster.
      for (let turn = world.rank === 0 ? 20 : 1; turn > 0; turn--) await sleep(1);
      const looks: number[] = [];
      let looked = 0;
      let time = 0;
      const clock = (): number => {
        if (looks.length < 100) looks.push(now());
        time += tick(++looked);
        return time;
      };
      const given = [...sizes];
      const began = now();
      const figures = await measure(world, device, given, rounds, clock);
      return { figures: plainOf(figures), began, ended: now(), looks, looked, sizes: plainOf(given) };
    };
    const halves = { blocking: await measured(blocking), windowed: await measured(windowed) };
    const curves = curvesOf(sizes);
    const plots: unknown[] = [];
    const plot = (series: unknown): void => void plots.push(plainOf(series));
    if (world.rank === 0) draw({ ...show, plot }, [...sizes], curves.blocking, curves.windowed);
    return { ...halves, plots };
  },
  given: ({ world }) => (world > 2 ? "Only ranks 0 and 1 take part." : ""),
  judge(outcome) {
    outcome.allowOnly(["send", "recv"], "Messages from rank 0 to rank 1 are all there is to measure.");
    for (const half of halves) for (const rank of outcome.ranks) judgeMessages(outcome, half, rank);
    for (const half of halves) for (const rank of [0, 1]) judgeFigures(outcome, half, rank);
    judgePlot(outcome);
  },
});
