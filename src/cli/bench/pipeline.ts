/** `worldsize bench pipeline`: two stages on two cores against one rank on one core, with the same micro-batches. */
import { scheduleNames, schedules, timeOf } from "../../parallel/index.ts";
import type { Flags, Measurement, Progress } from "./measure.ts";
import { rows } from "./measure.ts";

const MICRO_BATCHES = 8;

/** The best step of each schedule over all rounds, beside one rank's, and beside what the schedule makes of equal stages. */
export async function benchPipeline(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const best = new Map<string, number>();
  const measure = async (name: string, ranks: number, layout: string): Promise<void> => {
    const [{ milliseconds }] = await rows<{ milliseconds: number }>("pipeline.ts", ranks, {
      layout,
      micro: MICRO_BATCHES,
    });
    best.set(name, Math.min(best.get(name) ?? Infinity, milliseconds));
  };
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`pipeline, round ${round} of ${flags.rounds}`);
    await measure("one rank", 1, "dp1");
    for (const schedule of scheduleNames) await measure(schedule, 2, `pp2+${schedule}`);
  }
  const own = { bench: "pipeline", unit: "" };
  const alone = best.get("one rank") as number;
  return [
    { ...own, case: "one rank", metric: "step", unit: "ms", value: alone },
    ...scheduleNames.flatMap((schedule): Measurement[] => {
      const { bubble } = timeOf(schedules[schedule]({ ranks: 2, microBatches: MICRO_BATCHES }));
      const value = (best.get(schedule) as number) / alone;
      return [
        { ...own, case: schedule, metric: "of one rank's time", value },
        { ...own, case: schedule, metric: "of it by its table", value: 1 / (2 * (1 - bubble)) },
      ];
    }),
  ];
}
