/** `worldsize bench pipeline`: two stages on two cores against one rank on one core, with the same micro-batches. */
import type { Flags, Measurement, Progress } from "./measure.ts";
import { rows } from "./measure.ts";

const MICRO_BATCHES = 8;
const schedules = ["gpipe", "1f1b", "interleaved", "zb-h1", "zb-v"];

/** The best step of each schedule over all rounds, beside one rank's, and beside what the schedule makes of equal stages. */
export async function benchPipeline(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const best = new Map<string, number>();
  /** What a schedule makes of equal stages, as a share of one rank's time. */
  const planned = new Map<string, number>();
  const measure = async (name: string, ranks: number, layout: string): Promise<void> => {
    const options = { layout, micro: MICRO_BATCHES };
    const [row] = await rows<{ milliseconds: number; share: number }>("pipeline.ts", ranks, options);
    best.set(name, Math.min(best.get(name) ?? Infinity, row.milliseconds));
    planned.set(name, row.share);
  };
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`pipeline, round ${round} of ${flags.rounds}`);
    await measure("one rank", 1, "dp1");
    for (const schedule of schedules) await measure(schedule, 2, `pp2+${schedule}`);
  }
  const own = { bench: "pipeline", unit: "" };
  const alone = best.get("one rank") as number;
  return [
    { ...own, case: "one rank", metric: "step", unit: "ms", value: alone },
    ...schedules.flatMap((schedule): Measurement[] => [
      { ...own, case: schedule, metric: "of one rank's time", value: (best.get(schedule) as number) / alone },
      { ...own, case: schedule, metric: "of it by its table", value: planned.get(schedule) as number },
    ]),
  ];
}
