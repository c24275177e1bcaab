// Backward in two halves: what 1F1B, ZB-H1 and ZB-V take when the runner itself runs them on virtual time, what they keep and what
// they send, with gradients held against one rank's. On a real clock a run computes, and only the tables have times.
import { boolean, defineScript, number, type Span, string } from "worldsize";
import { chunksOfSchedule, type Durations, schedules, type TimedAction, timeOf } from "worldsize/parallel";
import { drawSchedule, lanesOf, legend } from "../lib/draw-schedule.ts";
import { checkLengths, counted, readLengths, shared } from "../lib/lengths.ts";
import { StagedStep } from "../lib/staged-step.ts";

const names = ["1f1b", "zb-h1", "zb-v"] as const;

export default defineScript({
  about: "Backward in halves: 1F1B, ZB-H1 and ZB-V run on virtual time: bubble, activations, messages, gradients.",
  ranks: 4,
  traced: true,
  options: {
    microBatches: number(12, "micro-batches of a step", { min: 1, max: 64, integer: true }),
    lengths: string("1,1,1", "ms on a rank's layers: forward, backward of inputs, backward of weights"),
    measure: boolean(false, "take the lengths that a real stage has on this machine, in place of --lengths"),
    layers: number(2, "blocks on each rank, at least 2", { min: 2, max: 16, integer: true }),
    width: number(16, "width of the model", { min: 4, max: 256, integer: true }),
    picture: boolean(false, "show each run as a timeline, too: --page draws it in colour"),
  },
  quick: { options: { microBatches: 4 } },
  measured: ["A stage of"],
  check({ lengths, width }) {
    if (width % 4 !== 0) {
      return `--width ${width} does not fit 2 heads of even width: give ${4 * Math.ceil(width / 4)}.`;
    }
    return checkLengths(lengths);
  },
  async main({ world, device, options, clock, show, now, sleep, spans }) {
    const { size, rank } = world;
    const { microBatches, layers } = options;
    const step = new StagedStep(
      { world, device },
      { layers: layers * size, microBatches, width: options.width, tokens: 24 },
    );
    await step.takeAlone();

    // How long a rank's layers take: as asked for, or as long as rank 0 needs for real ones.
    let lengths = readLengths(options.lengths) as Durations;
    if (options.measure) {
      const found = rank === 0 ? await step.measure(layers, 9) : { F: 0, I: 0, W: 0 };
      lengths = await world.broadcastObject(found, 0);
      const [f, i, w] = [lengths.F, lengths.I, lengths.W].map((ms) => Number(ms.toPrecision(3)));
      if (rank === 0) show.line(`A stage of ${layers} blocks took here: F ${f} ms, I ${i} ms, W ${w} ms.`);
    }

    const rows: Record<string, string | number>[] = [];
    const gaps: number[] = [];
    if (rank === 0) show.line(legend);
    for (const name of names) {
      const perRank = chunksOfSchedule(name);
      const durations = shared(lengths, perRank);
      const schedule = schedules[name]({ ranks: size, microBatches });
      const planned = timeOf(schedule, durations);
      await world.barrier();
      const [before, begin] = [(await spans()).length, now()];
      const done: Omit<TimedAction, "rank">[] = [];
      const isVirtual = clock === "virtual";
      const run = await step.run(schedule, async (action) => {
        if (!isVirtual) return;
        await sleep(durations[action.kind] ?? durations.I + durations.W);
        const end = now() - begin;
        done.push({ ...action, start: end - (durations[action.kind] ?? durations.I + durations.W), end });
      });
      const messages = sendsOf((await spans()).slice(before));
      const ranks = await world.allGatherObject({ ...run, ...messages, done });
      if (rank !== 0) continue;

      const worst = Math.max(...ranks.map(({ gap }) => gap));
      if (!(worst < 1e-4)) throw new Error(`${name}: gradients are off by ${worst} of the largest.`);
      const ran = ranks.flatMap((each, of) => each.done.map((action) => ({ ...action, rank: of })));
      const actions = isVirtual ? ran : planned.actions;
      const makespan = Math.max(...actions.map(({ end }) => end)) - Math.min(...actions.map(({ start }) => start));
      const ideal = microBatches * (lengths.F + lengths.I + lengths.W);
      show.line(`\n${name}`);
      show.line(drawSchedule(actions, size).join("\n"));
      if (options.picture) show.timeline(lanesOf(actions, size), name);
      const sum = (of: (each: (typeof ranks)[number]) => number): number =>
        ranks.reduce((all, each) => all + of(each), 0);
      gaps.push(worst);
      rows.push({
        schedule: name,
        "run (ms)": isVirtual ? short(makespan) : "",
        "table (ms)": short(planned.makespan),
        "over ideal (%)": short((100 * (makespan - ideal)) / ideal),
        "idle inside": short(Math.max(...ranks.map((_, of) => idleInside(actions, of)))),
        kept: short(Math.max(...ranks.map(({ peak }) => peak)) / perRank),
        sends: sum(({ sends }) => sends),
        KiB: short(sum(({ bytes }) => bytes) / 1024),
      });
    }
    if (rank !== 0) return;
    show.table(
      rows,
      `${counted(size, "rank")}, ${counted(microBatches, "micro-batch")}; ideal: ${short(microBatches * (lengths.F + lengths.I + lengths.W))} ms, without idle time`,
    );
    show.line("idle inside: ms between a rank's first and last action, at most;");
    show.line("kept: most micro-batches alive on any rank, with all of its layers.");
    const off = Math.max(...gaps);
    show.line(
      `Gradients, on every rank: ${off === 0 ? "one rank's, to the last bit" : `off by ${off.toExponential(0)}`}.`,
    );
    if (size === 1) show.line("One rank waits for nobody, so there is nothing to fill. Try -n 4.");
    if (clock === "real") show.line("Runs on virtual time: add --transport local --clock virtual.");
  },
});

/** Time between a rank's first and last action in which it does nothing. */
function idleInside(actions: readonly TimedAction[], rank: number): number {
  const own = actions.filter((action) => action.rank === rank);
  const busy = own.reduce((sum, { start, end }) => sum + end - start, 0);
  const idle = Math.max(...own.map(({ end }) => end)) - Math.min(...own.map(({ start }) => start)) - busy;
  return Math.abs(idle) < 1e-6 ? 0 : idle; // but for rounding
}

const short = (value: number): number => Number(value.toPrecision(4));

/** Messages that this rank sent, and their bytes. */
function sendsOf(spans: readonly Span[]): { sends: number; bytes: number } {
  const found = spans.filter(({ lane, name }) => lane === "comm" && name === "send");
  return { sends: found.length, bytes: found.reduce((sum, { args }) => sum + Number(args?.bytes), 0) };
}
