// Checks 7.8: lays out a real decoder as the answer says, takes the answer's step on every rank, and weighs what it left.
import { AdamW, initialize, type TensorDevice } from "worldsize";
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { Decoder } from "worldsize/models";
import { ParallelDecoder, parseLayout, parsePlannedLayout, ranksOf } from "worldsize/parallel";
import { batchOf, configOf, countOf, heldMost, type Job, jobOf, LINK, samplesOf } from "./cases.ts";
import { judgeGradients, judgeLayout, judgeLimits, type Report, type Weights } from "./judge.ts";

interface Capstone extends Answer {
  layout(job: Job): unknown;
  step(parallel: ParallelDecoder, samples: number[][], tools: object): unknown;
}

export default defineExercise<Report>({
  number: "7.8",
  title: "Capstone",
  exports: ["layout", "step"],
  worlds: [1, 2, 4],
  interleavings: 0,
  link: LINK,
  hints: [
    "Two things apart. For the layout: which kinds of bytes does each way share out, and which of its messages crosses the slow links? For the step: which samples are this rank's, what is the sum of losses divided by, and when is a gradient whole?",
    "Stages send the least, so they come first; what is left of the devices sees other samples, with zero1 where states do not fit. In the step: shareOf(samples), then micro batches of these, run(batches, count) with the count of all samples on all ranks, and synchronize.",
    'layout: devices 1 → "dp1", 2 → "pp2", 4 → "pp2.dp2+zero1". step: const mine = parallel.shareOf(samples); batches are batchOf(mine.filter((_, i) => i % micro === m)) for each m below micro; return parallel.synchronize(await parallel.run(batches, countOf(samples))).',
  ],
  questions: [
    {
      ask: "Four ranks, pp2.dp2+zero1: what share of all parameters, gradients and moments does a rank keep, in percent?",
      world: 4,
      answer: ({ size }) => {
        const { parameters } = jobOf(size);
        return Math.round((100 * heldMost(parsePlannedLayout("pp2.dp2+zero1"))) / (16 * parameters));
      },
      because:
        "Half of the layers: 4 of 8 bytes for weights and gradients, and of 8 for moments half of a half: (8/2 + 8/4) / 16.",
    },
  ],
  async run(answer, { context: { world, device, now, clock }, seed }) {
    const { layout, step } = answer as Capstone;
    const job = jobOf(world.size);
    const words = plainOf(layout({ ...job }));
    const empty = { words, loss: undefined, gradients: [], held: 0, weights: {} };
    // The checker says what is wrong with it.
    if (typeof words !== "string") return empty;
    const layouts = await world.allGatherObject(words);
    const parsed = parsedOf(words);
    if (!parsed || ranksOf(parsed) !== world.size || layouts.some((other) => other !== words))
      return { ...empty, layouts };
    const weights = world.rank === 0 ? await weightsOf(device) : {};
    const samples = samplesOf(seed);
    let parallel: ParallelDecoder;
    try {
      parallel = await ParallelDecoder.create(world, device, configOf(), parsed);
    } catch (error) {
      return { ...empty, layouts, refused: (error as Error).message };
    }
    const optimizer = new AdamW(parallel.model.parameters(), { lr: 0 });
    device.resetPeakMemory();
    const tools = { batchOf, countOf, micro: job.micro };
    await world.barrier();
    const begin = now();
    const loss = plainOf(await step(parallel, structuredClone(samples), tools));
    const took = clock === "virtual" ? now() - begin : undefined;
    const gradients: Report["gradients"][number][] = [];
    for (const [name, parameter] of parallel.model.namedParameters()) {
      const data = [...((await parameter.grad?.data()) ?? [])].map(Number);
      const { shape, from } = parameter.part;
      gradients.push({ name, shape: [...parameter.shape], part: { shape: [...shape], from: [...from] }, data });
    }
    optimizer.step();
    await device.synchronize();
    const { byTag } = device.memoryStats();
    const peak = (tag: "parameters" | "gradients" | "optimizer"): number => byTag[tag]?.peak ?? 0;
    const held = peak("parameters") + peak("gradients") + peak("optimizer");
    optimizer.dispose();
    parallel.dispose();
    return { words, layouts, loss, gradients, held, took, weights };
  },
  judge(outcome) {
    judgeLayout(outcome);
    judgeGradients(outcome);
    judgeLimits(outcome);
  },
});

function parsedOf(words: string) {
  try {
    return parseLayout(words);
  } catch {
    return undefined;
  }
}

/** What every layout begins with. */
async function weightsOf(device: TensorDevice): Promise<Weights> {
  const model = new Decoder(device, configOf());
  initialize(model, 0);
  const weights: Record<string, { shape: number[]; data: number[] }> = {};
  for (const [name, parameter] of model.namedParameters()) {
    weights[name] = { shape: [...parameter.shape], data: [...(await parameter.data())].map(Number) };
  }
  model.dispose();
  return weights;
}
