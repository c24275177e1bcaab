/** Pipelines of empty stages on a virtual clock: what the runner takes, beside what the schedule's table says. */
import { defineScript, number, string } from "worldsize";
import { PipelineRun, schedules, timeOf } from "worldsize/parallel";

export default defineScript({
  about: "Compares runs on virtual time with their schedules.",
  options: {
    micro: string("1 2 3 5 8", "numbers of micro-batches"),
    f: number(1, "ms of a forward"),
    i: number(1, "ms of the half of backward for inputs"),
    w: number(1, "ms of the half for weights"),
    message: number(0, "ms of a message"),
  },
  async main({ world, device, options, show, now, sleep }) {
    const { f: F, i: I, w: W, message } = options;
    const durations = { F, B: I + W, I, W, message };
    for (const [name, make] of Object.entries(schedules)) {
      for (const microBatches of options.micro.split(" ").map(Number)) {
        const schedule = make({ ranks: world.size, microBatches });
        const run = new PipelineRun(world, device, schedule, {
          shapeOf: () => [1],
          forward: (_stage, _microBatch, x) => (x ?? device.ones([1]).requiresGrad_()).mul(2),
          pace: ({ kind }) => sleep(durations[kind]),
        });
        await world.barrier();
        await sleep(100 - (now() % 100)); // all begin at one time
        const begin = now();
        await run.run();
        const took = now() - begin;
        show.row({ name, microBatches, took, planned: timeOf(schedule, durations).makespan });
        await world.barrier();
      }
    }
  },
});
