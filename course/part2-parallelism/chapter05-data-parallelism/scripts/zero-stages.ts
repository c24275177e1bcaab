// The same training with ZeRO's stages 0 to 3: what a rank holds at most, by kind, and what its messages carry, measured
// and beside what the formulas say.
import { AdamW, boolean, choice, defineScript, initialize, number, recompute } from "worldsize";
import { Decoder } from "worldsize/models";
import { DistributedDataParallel, FullyShardedDataParallel } from "worldsize/parallel";
import { keeps, type Stage, sends } from "../lib/formulas.ts";
import { checkWidth, countOf, lossSum, makeStories, partsOf } from "../lib/stories.ts";

const stages: readonly Stage[] = [0, 1, 2, 3];
const kinds = ["parameters", "gradients", "optimizer", "activations", "scratch"] as const;
/** What messages, and kernels for themselves, take is tagged as scratch. */
const names: Readonly<Record<string, string>> = { scratch: "messages" };

export default defineScript({
  about: "ZeRO's stages 0 to 3 of the same training: bytes held and sent, measured and by formula; losses are equal.",
  ranks: 4,
  traced: true,
  options: {
    layers: number(5, "blocks of the model", { min: 1, max: 64, integer: true }),
    width: number(64, "width of the model", { min: 16, max: 1024, integer: true }),
    tokens: number(64, "most tokens of a story", { min: 16, max: 4096, integer: true }),
    stories: number(8, "stories of a step, over all ranks", { min: 1, max: 1024, integer: true }),
    micro: number(1, "micro-batches of a step, on each rank", { min: 1, max: 64, integer: true }),
    gathered: choice("f32", ["f32", "bf16"] as const, "in what parameters travel, at stages 1 to 3"),
    recompute: boolean(false, "keep a block's input only, and compute the block again in backward"),
  },
  quick: { options: { layers: 2, width: 32, stories: 5 } },
  check: ({ width }) => checkWidth(width),
  async main({ world, device, options, show, spans, now }) {
    const { layers, width, tokens, micro, gathered } = options;
    const { rank, size } = world;
    const stories = makeStories({ layers, width, tokens, stories: options.stories });

    /** Two steps at a stage; the second is measured. */
    async function train(stage: Stage) {
      const model = new Decoder(device, stories.config);
      initialize(model, 0);
      if (options.recompute) {
        for (const block of model.layers) {
          block.surround((forward, x, ...others) => recompute(device, (again) => forward(again, ...others), [x]));
        }
      }
      const units = shapesOf(model);
      const wrapped =
        stage === 0
          ? await DistributedDataParallel.wrap(model, world)
          : await FullyShardedDataParallel.wrap(model, world, { units: model.layers, stage, gathered });
      const optimizer = new AdamW(model.parameters(), { lr: 0.003 });
      let begin = 0;
      const losses: number[] = [];
      for (let step = 0; step < 2; step++) {
        optimizer.zeroGrad();
        await device.synchronize();
        await world.barrier();
        device.resetPeakMemory();
        begin = now();
        const all = stories.step(step);
        const count = countOf(all);
        const loss = device.zeros([1]);
        for (const [m, part] of partsOf(partsOf(all, size)[rank], micro).entries()) {
          const run = () =>
            device.scope(() => {
              // Forward gathers from all ranks: one without stories computes on none.
              const sum = lossSum(model, part).mul(1 / count);
              loss.add_(sum.detach());
              sum.backward();
              return undefined;
            });
          if (m < micro - 1) wrapped.noSync(run);
          else run();
        }
        await wrapped.synchronize();
        optimizer.step();
        await device.synchronize();
        await world.allReduce(loss, "sum");
        losses.push(await loss.item());
        loss.dispose();
      }
      const { byTag, allocated } = device.memoryStats();
      const held = [...kinds.map((kind) => byTag[kind]?.peak ?? 0), allocated.peak];
      const sent = (await spans())
        .filter(({ lane, name, start }) => lane === "comm" && start >= begin && name !== "barrier")
        .reduce((bytes, { name, args }) => bytes + ringBytes(name, Number(args?.bytes), size), 0);
      optimizer.zeroGrad();
      wrapped.dispose();
      model.dispose();
      optimizer.dispose();
      return { held, sent, losses, units };
    }

    const wide = gathered === "bf16" ? 2 : 4;
    const memory = [...kinds.map((kind) => names[kind] ?? kind), "all at once"].map((kind) => ({
      measured: { KiB: kind } as Record<string, string | number>,
      formula: { KiB: "  by formula" } as Record<string, string | number>,
    }));
    const traffic: Record<string, string | number>[] = [];
    for (const stage of stages) {
      const { held, sent, losses, units } = await train(stage);
      const ranks = await world.allGatherObject(held);
      const form = Object.values(keeps(stage, units, size, micro));
      for (const [i, { measured, formula }] of memory.entries()) {
        measured[`stage ${stage}`] = kib(Math.max(...ranks.map((bytes) => bytes[i])));
        if (i < form.length) formula[`stage ${stage}`] = kib(form[i]);
      }
      traffic.push({
        stage,
        "KiB sent": kib(sent),
        "by formula": kib(sends(stage, units, size, micro, wide)),
        "loss 1": losses[0].toFixed(4),
        "loss 2": losses[1].toFixed(4),
      });
    }
    if (rank !== 0) return;
    const rows = memory.flatMap(({ measured, formula }) => ("stage 0" in formula ? [measured, formula] : [measured]));
    show.table(rows, "Peaks in a step, on the rank that holds most");
    show.table(traffic, "What a rank sends in a step, by rings; and the losses of two steps");
    if (gathered === "bf16") show.line("Stage 0 gathers nothing, so bf16 changes nothing there.");
  },
});

const kib = (bytes: number): number => Math.round(bytes / 1024);

/** What a ring sends from each rank, of an operation on tensors of so many bytes. */
function ringBytes(kind: string, bytes: number, ranks: number): number {
  return ((kind === "allReduce" ? 2 : 1) * (ranks - 1) * bytes) / ranks;
}

/** Shapes of the model's parameters: what is in no block, then each block's. */
function shapesOf(model: Decoder): number[][][] {
  const inBlocks = model.layers.map((block) => block.parameters());
  const rest = model.parameters().filter((each) => !inBlocks.some((block) => block.includes(each)));
  return [rest, ...inBlocks].map((list) => list.map(({ shape }) => [...shape]));
}
