/** `worldsize bench schedule`: the host's part of an engine's steps, when the model takes no time. */
import { type Flags, type Measurement, type Progress, rows } from "./measure.ts";

export async function benchSchedule(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const best = { mean: Infinity, median: Infinity, p99: Infinity };
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`schedule, round ${round} of ${flags.rounds}`);
    const [row] = await rows<typeof best>("serve-steps.ts", 1, {});
    for (const metric of ["mean", "median", "p99"] as const) best[metric] = Math.min(best[metric], row[metric]);
  }
  return (["mean", "median", "p99"] as const).map((metric) => ({
    bench: "schedule",
    case: "256 decode, 10,000 prefixes of 512",
    metric: `step of the host, ${metric}`,
    unit: "ms",
    value: best[metric],
  }));
}
