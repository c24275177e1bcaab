// Pipeline schedules side by side: each is checked, put on ideal time, drawn, and then run for real over the ranks, with a small
// decoder cut into stages. What the runs kept stands beside what the tables say, and every gradient is held against one rank's.
import { boolean, type Context, choice, defineScript, number, string } from "worldsize";
import {
  chunksOfSchedule,
  type Durations,
  parseScheduleCsv,
  type Schedule,
  type ScheduleName,
  scheduleCsv,
  scheduleNames,
  schedules,
  timeOf,
} from "worldsize/parallel";
import { drawSchedule, lanesOf, legend, slotOf } from "../lib/draw-schedule.ts";
import { checkLengths, counted, readLengths, shared } from "../lib/lengths.ts";
import { readSchedule, writeSchedule } from "../lib/schedule-files.ts";
import { StagedStep } from "../lib/staged-step.ts";

export default defineScript({
  about: "Pipeline schedules: checked, on ideal time, drawn, and run for real; gradients are one rank's.",
  ranks: 4,
  options: {
    microBatches: number(8, "micro-batches of a step", { min: 1, max: 64, integer: true }),
    schedule: choice("all", ["all", ...scheduleNames] as const, "which one, or all"),
    chunks: number(2, "stages of each rank, where they are interleaved", { min: 1, max: 8, integer: true }),
    lengths: string("1,1,1", "lengths on a rank's layers: forward, backward of inputs, backward of weights"),
    csv: string("", "file to write the schedule to, in torch's form: a line for each rank"),
    read: string("", "file to read a schedule from, in that form"),
    layers: number(2, "blocks on each rank", { min: 1, max: 16, integer: true }),
    width: number(16, "width of the model", { min: 4, max: 256, integer: true }),
    picture: boolean(false, "show each schedule as a timeline, too: --page draws it in colour"),
  },
  quick: { options: { microBatches: 4 } },
  check({ lengths, csv, read, schedule, chunks, layers, width }) {
    const most = Math.max(...scheduleNames.map((name) => (read ? 1 : stagesOf(name, schedule, chunks))));
    if (csv && !read && schedule === "all") {
      return `--csv ${csv} takes one schedule: name it with --schedule, of ${scheduleNames.join(", ")}.`;
    }
    if (most > layers) {
      return `A rank with ${most} stages needs at least ${most} blocks, but got --layers ${layers}. Give --layers ${most}.`;
    }
    if (width % 4 !== 0) {
      return `--width ${width} does not fit 2 heads of even width: give ${4 * Math.ceil(width / 4)}.`;
    }
    return checkLengths(lengths);
  },
  async main({ world, device, options, show }) {
    const lengths = readLengths(options.lengths) as Durations;
    const { chunks, microBatches: asked } = options;
    const all = options.read
      ? [await fromFile(world, options.read)]
      : scheduleNames
          .filter((name) => options.schedule === "all" || options.schedule === name)
          .map((name) => schedules[name]({ ranks: world.size, chunks, microBatches: asked }));
    const [{ microBatches }] = all;
    if (options.csv && world.rank === 0) await writeSchedule(options.csv, scheduleCsv(all[0]));
    const most = Math.max(...all.map(({ stages }) => stages));
    const layers = Math.max(options.layers * world.size, most);
    const step = new StagedStep({ world, device }, { layers, microBatches, width: options.width, tokens: 24 });
    await step.takeAlone();

    const rows: Record<string, string | number>[] = [];
    if (world.rank === 0) show.line(legend);
    for (const schedule of all) {
      const perRank = schedule.stages / world.size;
      const { actions, makespan, bubble, peaks } = timeOf(schedule, shared(lengths, perRank));
      if (world.rank === 0) {
        const slot = Number(slotOf(actions).toPrecision(3));
        show.line(`\n${schedule.name}: a column is ${slot} of ${Number(makespan.toPrecision(6))}`);
        show.line(drawSchedule(actions, world.size).join("\n"));
        if (options.picture) show.timeline(lanesOf(actions, world.size), schedule.name);
      }
      const { peak, gap } = await step.run(schedule);
      const ran = await world.allGatherObject({ peak, gap });
      const worst = Math.max(...ran.map((each) => each.gap));
      const counted = ran.map((each) => each.peak);
      if (!(worst < 1e-4)) throw new Error(`${schedule.name}: gradients are off by ${worst} of the largest.`);
      if (`${counted}` !== `${peaks}`) {
        throw new Error(
          `${schedule.name}: the runs kept ${counted} micro-batches at most, by the table it is ${peaks}.`,
        );
      }
      rows.push({
        schedule: schedule.name,
        makespan: Number(makespan.toPrecision(6)),
        bubble: Number(bubble.toFixed(4)),
        "kept, by rank": keptText(peaks, perRank),
        "in the run": keptText(counted, perRank),
        gradients: worst === 0 ? "same bits" : `off ${worst.toExponential(0)}`,
      });
    }
    if (world.rank !== 0) return;
    const [F, I, W] = [lengths.F, lengths.I, lengths.W];
    show.table(
      rows,
      `${counted(world.size, "rank")}, ${counted(microBatches, "micro-batch")}; forward ${F}, backward ${I} + ${W}`,
    );
    show.line("Gradients: of all parameters, on every rank, against one rank's.");
    if (world.size === 1) show.line("One rank waits for nobody: no bubble, no messages. Try -n 4.");
    if (options.csv) show.line(`${all[0].name} stands in ${options.csv}: a line for each rank.`);
  },
});

/** Stages that each rank would have; none of a schedule that was not asked for. */
function stagesOf(name: ScheduleName, schedule: string, chunks: number): number {
  return schedule === "all" || schedule === name ? chunksOfSchedule(name, chunks) : 0;
}

/** `4 3 2 1`, and `(8 7 6 5)/2` where each is of half a rank's layers. */
function keptText(peaks: readonly number[], perRank: number): string {
  return perRank === 1 ? peaks.join(" ") : `(${peaks.join(" ")})/${Number(perRank.toFixed(2))}`;
}

/** Rank 0 reads a schedule, and all ranks check it. @throws RangeError for other ranks, or an action that is wrong. */
async function fromFile(world: Context["world"], file: string): Promise<Schedule> {
  const text = await world.broadcastObject(world.rank === 0 ? await readSchedule(file) : "", 0);
  const schedule = parseScheduleCsv(text, file);
  const { length } = schedule.ranks;
  if (length !== world.size) {
    throw new RangeError(
      `${file} has ${length} lines, one for each rank, but there are ${world.size} ranks. Give -n ${length}.`,
    );
  }
  return schedule;
}
