// A pipeline by hand. A real multi-layer perceptron is cut into stages, one per rank;
// activations are sent on from stage to stage. One batch at a time, all ranks but one are
// idle; cut into micro-batches, the stages work at the same time.
//
// The weights come from one seed, so rank 0 can compute the whole network by itself and
// check that the pipeline gives the same numbers.
import { defineScript, number, type Tensor } from "worldsize";

export default defineScript({
  about: "A real MLP cut into stages, activations sent on: one big batch, then micro-batches; timeline drawn.",
  ranks: 4,
  traced: true,
  options: {
    width: number(256, "width of every layer", { min: 1, max: 2048, integer: true }),
    layersPerStage: number(2, "layers on each rank", { min: 1, max: 16, integer: true }),
    batch: number(256, "rows of the whole batch", { min: 1, max: 8192, integer: true }),
    microBatches: number(8, "pieces the batch is cut into", { min: 1, integer: true }),
    rounds: number(5, "rounds of each kind; the best counts", { min: 1, integer: true }),
  },
  quick: { options: { width: 64, batch: 64, rounds: 1 } },
  measured: ["(ms)"],
  async main({ world, device, options, show, span, spans, now }) {
    const { rank, size } = world;
    const { width, layersPerStage, batch } = options;
    const pieces = Math.min(options.microBatches, batch);

    const layer = (i: number): Tensor => device.randn([width, width], { seed: 100 + i }).mul_(Math.sqrt(2 / width));
    const layersOf = (stage: number): Tensor[] =>
      Array.from({ length: layersPerStage }, (_, i) => layer(stage * layersPerStage + i));
    const forward = (layers: Tensor[], input: Tensor): Tensor =>
      device.scope(() => layers.reduce((x, weight) => x.matmul(weight).relu(), input.view()));

    const mine = layersOf(rank);
    const input = device.randn([batch, width], { seed: 7 });

    // One pass of the batch through all stages, in `count` pieces.
    const pass = async (count: number): Promise<Tensor> => {
      const outputs = device.zeros([batch, width]);
      for (let piece = 0; piece < count; piece++) {
        const from = Math.floor((batch * piece) / count);
        const to = Math.floor((batch * (piece + 1)) / count);
        const x = rank === 0 ? input.slice(0, from, to) : device.empty([to - from, width]);
        if (rank > 0) await world.recv(x, rank - 1);
        const y = outputs.slice(0, from, to);
        await span(`micro-batch ${piece}`, async () => {
          const result = forward(mine, x);
          y.copy_(result);
          await device.synchronize();
          result.dispose();
        });
        x.dispose();
        if (rank < size - 1) await world.send(y, rank + 1);
      }
      return outputs;
    };

    const timed = async (count: number): Promise<{ ms: number; from: number; outputs: Tensor }> => {
      await world.barrier();
      const from = now();
      const outputs = await pass(count);
      await world.barrier();
      return { ms: now() - from, from, outputs };
    };

    // In turns, so that what disturbs one kind disturbs the other; the best of each, after a round to warm up.
    let whole = Infinity;
    let best = Infinity;
    let piped = await timed(pieces);
    for (let round = 0; round <= options.rounds; round++) {
      const one = await timed(1);
      one.outputs.dispose();
      piped.outputs.dispose();
      piped = await timed(pieces);
      if (round === 0) continue;
      whole = Math.min(whole, one.ms);
      best = Math.min(best, piped.ms);
    }

    // The last stage holds the result; rank 0 runs the whole network alone and compares.
    const result = piped.outputs;
    if (size > 1 && rank === size - 1) await world.send(result, 0);
    if (rank === 0) {
      if (size > 1) await world.recv(result, size - 1);
      const alone = forward(Array.from({ length: size }, (_, stage) => layersOf(stage)).flat(), input);
      const difference = await result.sub(alone).abs().max().item();
      const scale = await alone.abs().max().item();
      if (!(difference <= 1e-4 * scale)) throw new Error(`the pipeline differs from one rank by ${difference}`);
      const off = difference === 0 ? "0" : difference.toExponential(1);
      show.line(`The pipeline gives the same numbers as one rank (largest difference ${off}).`);
    }

    const work = (await spans()).filter((s) => s.lane === "host" && s.start >= piped.from);
    const lanes = await world.allGatherObject({
      name: `stage ${rank}`,
      spans: work.map(({ name, start, end }) => ({ name, start, end })),
    });
    if (rank !== 0) return;
    show.timeline(lanes, `One batch as ${pieces} micro-batch${pieces === 1 ? "" : "es"}, the last round`);
    show.row({ "one batch (ms)": whole, "micro-batches (ms)": best, stages: size });
    if (size === 1) {
      show.line("One stage waits for nobody: there is no bubble. Try -n 4.");
      return;
    }
    const bubble = (size - 1) / (size - 1 + pieces);
    show.line(
      `With a core for each stage, ${(100 * bubble).toFixed(0)} % of the time would be the bubble: (p - 1) / (p - 1 + m).`,
    );
  },
});
