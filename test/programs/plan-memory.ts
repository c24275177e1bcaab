/** Peaks of memory by kind over a step, under several layouts, beside what a plan says of this very rank. */
import { AdamW, defineScript, number, string } from "worldsize";
import { gpt2Shape, llamaShape } from "worldsize/models";
import { heldBytes, modelOf, ParallelDecoder, parseLayout, ranksOf } from "worldsize/parallel";

export default defineScript({
  about: "Memory by kind, measured and planned.",
  options: {
    layouts: string("dp1", "layouts"),
    layers: number(3, "blocks"),
    words: number(50, "words"),
    gpt: number(0, "1: a GPT's form, whose head is its embedding; 0: Llama's, whose is not"),
  },
  async main({ world, device, options, show }) {
    const { layers, words: vocabularySize } = options;
    const sizes = { vocabularySize, width: 48, layers, heads: 4, ffnWidth: 96, maxPositions: 16 };
    const config = options.gpt > 0 ? gpt2Shape(sizes) : llamaShape({ ...sizes, tied: false });
    for (const text of options.layouts.split(" ")) {
      const layout = { ...parseLayout(text), ep: 1 };
      const group = await world.newGroup(Array.from({ length: ranksOf(layout) }, (_, rank) => rank));
      if (!group) continue;
      const parallel = await ParallelDecoder.create(group, device, config, layout);
      const optimizer = new AdamW(parallel.model.parameters(), { lr: 0.001 });
      const tokens = new Int32Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      const batch = {
        ...{ tokens, targets: tokens.map((t) => t + 1), weights: new Float32Array(12).fill(1) },
        ...{ starts: new Int32Array([0, 12]), positions: tokens.map((_, i) => i) },
      };
      const step = async (): Promise<void> => {
        await parallel.synchronize(await parallel.run([batch], 12 * layout.copies * layout.dp));
        optimizer.step();
        await device.synchronize();
      };
      await step();
      optimizer.zeroGrad();
      await device.synchronize();
      await group.barrier();
      device.resetPeakMemory();
      await step();
      const { byTag } = device.memoryStats();
      const { mesh } = parallel;
      const place = { pp: mesh.coordinate("pp"), shard: mesh.coordinate("dp", "cp"), tp: mesh.coordinate("tp") };
      const planned = heldBytes(modelOf(config), layout, place);
      const peak = (tag: "parameters" | "gradients" | "optimizer"): number => byTag[tag]?.peak ?? 0;
      show.row({
        layout: text,
        ...{ parameters: peak("parameters"), gradients: peak("gradients"), optimizer: peak("optimizer") },
        planned: JSON.stringify(planned),
      });
      optimizer.zeroGrad();
      optimizer.dispose();
      parallel.dispose();
      await device.synchronize();
      group.destroy();
    }
  },
});
