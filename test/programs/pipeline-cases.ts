/**
 * Two mistakes that were shipped, on numbers small enough to know: gradients of micro-batches that are not divided, or divided
 * after every run; and a weight used twice where backward is taken apart.
 */
import { choice, customOperation, defineScript, number, Parameter, type Tensor } from "worldsize";
import { PipelineRun, schedules } from "worldsize/parallel";

export default defineScript({
  about: "Gradients of pipelines whose right values are known.",
  options: {
    schedule: choice("1f1b", ["gpipe", "1f1b", "interleaved", "zb-h1", "zb-v"] as const, "which"),
    micro: number(2, "micro-batches of the weight that is used twice"),
  },
  async main({ world, device, options, show }) {
    const parameter = (values: number[][]): Parameter => {
      const made = new Parameter(device, [values.length, values[0].length], { empty: true });
      device.noGrad(() => made.copy_(device.tensor(values)));
      return made;
    };
    const valuesOf = async (tensor: Tensor): Promise<string> =>
      JSON.stringify(tensor.grad ? ((await tensor.grad.toArray()) as number[][]) : null);
    const make = (microBatches: number) => schedules[options.schedule]({ ranks: world.size, microBatches });

    /** Micro-batches whose dw are 1, 2, 3 and 4, run so many times. @param after what is done to w's gradient after a run. */
    const four = async (runs: number, scale: number, after = (_: Tensor): void => undefined): Promise<string> => {
      const schedule = make(4);
      const w = parameter([[0.5]]);
      const last = schedule.stages - 1;
      for (let i = 0; i < runs; i++) {
        await new PipelineRun(world, device, schedule, {
          shapeOf: () => [1, 1],
          forward: (stage, m, x) => {
            const y = x ? x.mul(1) : device.tensor([[m + 1]]).mul(w);
            return stage < last ? y : y.sum().mul(scale);
          },
        }).run();
        if (w.grad) after(w.grad);
      }
      return valuesOf(w);
    };
    const gradients = {
      once: await four(1, 1 / 4),
      twice: await four(2, 1 / 8),
      undivided: await four(1, 1),
      afterEach: await four(2, 1, (grad) => void grad.div_(4)),
    };

    // loss = sum((x · w) · w), where x is a weight of the first stage, too, so that its gradient stays.
    const schedule = make(options.micro);
    const last = schedule.stages - 1;
    const [x, w, bias] = [[[1.1, -0.7]], [[0.4, -0.2], [0.7, 0.3]], [[0.25, 0.5]]].map(parameter); // biome-ignore format: three
    /** An operation of the program's own, whose half for the weights cannot be put off by its parts. */
    const twice = (a: Tensor): Tensor =>
      customOperation({ name: "twice", inputs: [a], forward: () => a.mul(2), backward: ({ dy }) => [dy.mul(2)] });
    const touched: string[] = [];
    let before = "null";
    await new PipelineRun(world, device, schedule, {
      shapeOf: () => [1, 2],
      forward: (stage, _, input) => {
        const h = input ? input.mul(1) : x.mul(1);
        if (stage < last) return h.reshape([2]).reshape([1, 2]); // ends in a view
        return twice(h.matmul(w).matmul(w).add(bias)).mul(0.5).sum();
      },
      async pace({ kind, stage, microBatch }) {
        const now = `${await valuesOf(w)} ${await valuesOf(bias)}`;
        if ((kind === "I" || kind === "F") && before !== "null" && now !== before) {
          touched.push(`${stage}${kind}${microBatch}`);
        }
        if (kind === "I" && before === "null" && now !== "null null") touched.push(`${stage}I${microBatch}, the first`);
        before = now;
      },
    }).run();
    show.row({
      ...gradients,
      x: await valuesOf(x),
      w: await valuesOf(w),
      bias: await valuesOf(bias),
      touched: `${touched}`,
    });
  },
});
