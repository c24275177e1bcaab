/**
 * What data-parallel strategies hold and send: peaks of memory by kind over a step, and payload and calls by kind of
 * operation, beside the forms that they follow.
 */
import { AdamW, choice, crossEntropy, defineScript, initialize, number, type Tensor } from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";
import { DistributedDataParallel, FullyShardedDataParallel, Mesh } from "worldsize/parallel";

export default defineScript({
  about: "Memory and messages of data-parallel strategies.",
  traced: true,
  options: {
    kind: choice("ddp", ["ddp", "zero1", "zero2", "fsdp"] as const, "strategy"),
    layers: number(5, "blocks"),
    width: number(64, "width"),
    micro: number(1, "micro-batches"),
    copies: number(1, "of the shards (HSDP)"),
    overlap: number(1, "0: nothing overlaps"),
    gathered: choice("f32", ["f32", "bf16"] as const, "in what parameters are gathered"),
  },
  async main({ world, device, options, show, spans, now }) {
    const { kind, layers, width, micro } = options;
    const overlap = options.overlap > 0;
    const config = llamaShape({ vocabularySize: 50, width, layers, heads: 4, ffnWidth: 3 * width, maxPositions: 16 });
    const model = new Decoder(device, config);
    initialize(model, 1);
    const mesh = await Mesh.create(world, { copies: options.copies, dp: world.size / options.copies });
    const replicate = options.copies > 1 ? { mesh, axes: ["copies"] } : undefined;
    const sizes = model.parameters().map(({ shape }) => shape);
    const wrapped =
      kind === "ddp"
        ? await DistributedDataParallel.wrap(model, world, { overlap, bucketBytes: [2 ** 16] })
        : await FullyShardedDataParallel.wrap(
            model,
            { mesh, axes: ["dp"] },
            {
              ...{ units: model.layers, overlap, gathered: options.gathered, replicate },
              stage: kind === "zero1" ? 1 : kind === "zero2" ? 2 : 3,
            },
          );
    const optimizer = new AdamW(model.parameters(), { lr: 0.001 });
    const i32 = (values: readonly number[]): Tensor => device.tensor([...values], "i32");
    let forward = device.memoryStats();
    const step = async (): Promise<void> => {
      for (let m = 0; m < micro; m++) {
        const backward = (): void => {
          device.scope(() => {
            const batch = { tokens: i32([1, 2, 3, 4]), starts: i32([0, 4]), positions: i32([0, 1, 2, 3]) };
            const { sum } = crossEntropy(model.call(batch), i32([2, 3, 4, 5]));
            forward = device.memoryStats();
            sum.backward();
            return undefined;
          });
        };
        if (m < micro - 1) wrapped.noSync(backward);
        else backward();
      }
      await wrapped.synchronize();
      optimizer.step();
    };
    await step();
    optimizer.zeroGrad();
    await device.synchronize();
    await world.barrier();
    device.resetPeakMemory();
    const begin = now();
    await step();
    await device.synchronize();
    const { byTag, allocated } = device.memoryStats();
    const others = (stats: typeof forward): number =>
      (["data", "activations", "optimizer"] as const).reduce((sum, tag) => sum + (stats.byTag[tag]?.peak ?? 0), 0);
    const sent: Record<string, number> = {};
    for (const { lane, name, start, args } of await spans()) {
      if (lane !== "comm" || start < begin || name === "barrier") continue;
      sent[`${name} calls`] = (sent[`${name} calls`] ?? 0) + 1;
      sent[`${name} bytes`] = (sent[`${name} bytes`] ?? 0) + Number(args?.bytes);
    }
    const peaks = Object.fromEntries(Object.entries(byTag).map(([tag, { peak }]) => [tag, peak]));
    show.row({ sizes: JSON.stringify(sizes.slice(0, 9 + 1)), ...peaks, ...sent });
    // At most this much at once, of parameters, gradients and messages.
    show.row({ forward: forward.allocated.peak - others(forward), backward: allocated.peak - others(forward) });
    optimizer.zeroGrad();
    await device.synchronize();
    const after = device.memoryStats().byTag;
    show.row({
      live: JSON.stringify(Object.fromEntries(Object.entries(after).map(([tag, { current }]) => [tag, current]))),
    });
  },
});
