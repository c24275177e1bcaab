/** What goes wrong, or is empty, on one rank of a layout: told everywhere or made good, and never a hang. */
import { AdamW, choice, defineScript, string, type Tensor } from "worldsize";
import { llamaShape } from "worldsize/models";
import { type HostBatch, ParallelDecoder, parseLayout, together } from "worldsize/parallel";

const config = llamaShape({
  ...{ vocabularySize: 23, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 4, ffnWidth: 20, maxPositions: 16 },
  ...{ initializerRange: 0.2 },
});

/** One sequence of a few tokens. @param weight of every target. */
function batchOf(first: number, length: number, weight: number): HostBatch {
  const tokens = Int32Array.from({ length }, (_, i) => (first + 3 * i) % 23);
  return {
    tokens,
    targets: tokens.map((token) => (weight === 0 ? -100 : (token + 3) % 23)),
    weights: new Float32Array(length).fill(weight),
    positions: Int32Array.from(tokens.keys()),
    starts: Int32Array.of(0, length),
  };
}

export default defineScript({
  about: "Steps of a layout in which one rank differs.",
  options: {
    layout: string("dp2", "layout"),
    case: choice(
      "ignored",
      ["ignored", "fewer", "nothing", "nan", "killed", "uneven", "thrown"] as const,
      "what differs",
    ),
  },
  async main({ world, device, options, show }) {
    const layout = parseLayout(options.layout);
    const parallel = await ParallelDecoder.create(world, device, config, layout);
    const place = parallel.mesh.coordinate("copies", "dp");
    const optimizer = new AdamW(parallel.model.parameters(), { lr: 0.01, weightDecay: 0.1 });
    const step = async (batch: HostBatch, count: number): Promise<number> => {
      const loss = await parallel.synchronize(parallel.backward(batch, count));
      if (count > 0) device.scope(() => void optimizer.step(parallel.gradientNorm(1)));
      return loss;
    };
    /** The mean of the own weights: enough to see whether they have moved. */
    const weights = async (): Promise<string> => {
      const sums = parallel.model.parameters().map((parameter) => device.noGrad(() => parameter.sum()));
      const values = await Promise.all(sums.map((sum: Tensor) => sum.item()));
      for (const sum of sums) sum.dispose();
      return values.join(" ");
    };
    if (options.case === "ignored" || options.case === "fewer") {
      // The last place has labels that are all ignored: the loss is that of the others.
      const last = options.case === "ignored" && place > 0 && place === layout.dp * layout.copies - 1;
      const places = Math.max(1, layout.dp * layout.copies - Number(options.case === "ignored"));
      const loss = await step(batchOf(place, 5, last ? 0 : 1), 5 * places);
      show.row({ loss, weights: await weights() });
    }
    if (options.case === "nothing") {
      const before = await weights();
      const loss = await step(batchOf(place, 5, 0), 0);
      const gradients = parallel.model.parameters().flatMap(({ grad }) => (grad ? [grad.abs().sum()] : []));
      const sizes = await Promise.all(gradients.map((sum) => sum.item()));
      show.row({ loss, moved: before !== (await weights()), gradients: Math.max(0, ...(sizes as number[])) });
    }
    if (options.case === "nan") {
      if (place === 1) device.noGrad(() => parallel.model.norm?.parameters()[0].fill_(Number.NaN));
      show.row({ before: await weights() });
      await step(batchOf(place, 5, 1), 5 * layout.dp);
    }
    if (options.case === "killed") {
      await step(batchOf(place, 5, 1), 5 * layout.dp);
      if (world.rank === world.size - 1) {
        const { kill, pid } = (
          globalThis as unknown as { process: { kill(id: number, signal: string): void; pid: number } }
        ).process;
        kill(pid, "SIGKILL");
      }
      for (let i = 0; i < 1000; i++) await step(batchOf(place, 5, 1), 5 * layout.dp);
    }
    if (options.case === "uneven" || options.case === "thrown") {
      const mine = Array.from({ length: 1 + place }, (_, i) => batchOf(place + i, 4, 1));
      let steps = 0;
      for await (const batch of together(device, world, mine)) {
        if (options.case === "thrown" && steps === 1 && place === 1) throw new Error("a batch that cannot be read");
        await step(batch ?? batchOf(0, 0, 1), 4);
        steps++;
      }
      show.row({ steps, weights: await weights() });
    }
    parallel.dispose();
  },
});
