/**
 * A small decoder under a data-parallel strategy, beside the same one that this rank trains alone on everything: each
 * step's gradients and weights, parameter by parameter, compared on this rank's own rows.
 */
import { AdamW, choice, crossEntropy, defineScript, initialize, number, type Tensor } from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";
import { DistributedDataParallel, FullyShardedDataParallel, Mesh } from "worldsize/parallel";

const config = llamaShape({
  vocabularySize: 29,
  width: 24,
  layers: 3,
  heads: 4,
  kvHeads: 2,
  headDim: 6,
  ffnWidth: 37,
  maxPositions: 32,
  initializerRange: 0.08,
  tied: true,
});

/** Sequences of unequal lengths, that count up by other steps. */
function textOf(step: number, sequence: number): number[] {
  return Array.from(
    { length: 5 + ((sequence * 3) % 7) },
    (_, i) => (step + i * (sequence + 1)) % config.vocabularySize,
  );
}

export default defineScript({
  about: "Compares data-parallel strategies with one rank.",
  options: {
    strategy: choice("ddp", ["ddp", "zero1", "zero2", "fsdp", "hsdp"] as const, "how state is kept"),
    steps: number(2, "steps"),
    micro: number(1, "micro-batches per step"),
    sync: choice("last", ["last", "each"] as const, "when gradients are reduced"),
    dtype: choice("f32", ["f32", "bf16"] as const, "of the parameters"),
    gathered: choice("f32", ["f32", "bf16"] as const, "in what parameters travel, where they are sharded"),
    reduced: choice("f32", ["f32", "bf16"] as const, "in what gradients travel, where they are sharded"),
    sequences: number(7, "sequences of a step"),
  },
  async main({ world, device, options, show }) {
    const { strategy, steps, micro, sequences } = options;
    const mesh = await Mesh.create(world, strategy === "hsdp" ? { copies: 2, dp: world.size / 2 } : { dp: world.size });
    const form = { dtype: options.dtype, gradDType: "f32" } as const;
    const model = new Decoder(device, config, form);
    // What is gathered in bf16 computes with the weights that a model of bf16 has.
    const alone = new Decoder(device, config, { ...form, dtype: options.gathered === "bf16" ? "bf16" : options.dtype });
    initialize(alone, 5);
    const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
    initialize(model, world.rank === 0 ? 5 : 6); // the first rank's values become everybody's
    if (options.gathered === "bf16") {
      device.noGrad(() => device.scope(() => void model.parameters().map((each) => each.copy_(each.to("bf16")))));
    }
    const wrapped =
      strategy === "ddp"
        ? await DistributedDataParallel.wrap(model, world, { bucketBytes: [5000, 9000] })
        : await FullyShardedDataParallel.wrap(
            model,
            { mesh, axes: ["dp"] },
            {
              units: model.layers,
              ...(options.gathered === options.dtype ? {} : { gathered: options.gathered }),
              reduced: options.reduced,
              stage: strategy === "zero1" ? 1 : strategy === "zero2" ? 2 : 3,
              replicate: strategy === "hsdp" ? { mesh, axes: ["copies"] } : undefined,
            },
          );
    const aloneOptimizer = new AdamW(alone.parameters(), { lr: 0.01 });
    const i32 = (values: readonly number[]): Tensor => device.tensor([...values], "i32");
    /** Leaves NaN in memory that is free, so that nothing may be read there before it is written. */
    const poison = (): void => {
      device.scope(() => {
        for (const size of [64, 256, 1024, 4096, 16384]) for (let i = 0; i < 6; i++) device.full([size], Number.NaN);
        return undefined;
      });
    };
    const lossOf = (of: Decoder, texts: readonly (readonly number[])[], count: number): Tensor => {
      const inputs = texts.map((text) => text.slice(0, -1));
      const starts = [0];
      for (const { length } of inputs) starts.push(starts[starts.length - 1] + length);
      const batch = {
        tokens: i32(inputs.flat()),
        starts: i32(starts),
        positions: i32(inputs.flatMap((each) => [...each.keys()])),
      };
      const { sum } = crossEntropy(of.call(batch), i32(texts.flatMap((text) => text.slice(1))));
      return sum.mul(1 / count);
    };
    for (let step = 0; step < steps; step++) {
      const texts = Array.from({ length: sequences }, (_, s) => textOf(step, s));
      const count = texts.reduce((sum, text) => sum + text.length - 1, 0);
      device.scope(() => {
        lossOf(alone, texts, count).backward();
        return undefined;
      });
      poison();
      for (let m = 0; m < micro; m++) {
        const mine = texts.filter((_, s) => s % (world.size * micro) === world.rank * micro + m);
        const backward = (): void => {
          device.scope(() => {
            lossOf(model, mine, count).backward();
            return undefined;
          });
        };
        if (m === micro - 1 || options.sync === "each") backward();
        else wrapped.noSync(backward);
      }
      await wrapped.synchronize();
      const names = [...model.namedParameters().keys()];
      const [own, whole] = [model.parameters(), alone.parameters()];
      const worst = async (pick: (parameter: Tensor) => Tensor | null): Promise<Record<string, number>> => {
        const found: Record<string, number> = {};
        for (const [i, name] of names.entries()) {
          const [mine, all] = [pick(own[i]), pick(whole[i])];
          if (!mine || !all) {
            found[name] = Number(mine !== all);
            continue;
          }
          const { from } = own[i].part;
          const box = from.reduce((x, start, axis) => x.slice(axis, start, start + own[i].shape[axis]), all);
          if (box.size === 0) continue;
          const [a, b] = [await mine.contiguous().data(), await box.contiguous().data()];
          const largest = Math.max(...Array.from(await all.contiguous().data(), Math.abs));
          found[name] = Math.max(...Array.from(a, (value, j) => Math.abs(value - b[j]) / largest));
        }
        return found;
      };
      const gradients = await worst((parameter) => parameter.grad);
      device.scope(() => {
        optimizer.step();
        aloneOptimizer.step();
        return undefined;
      });
      const weights = await worst((parameter) => parameter);
      optimizer.zeroGrad();
      aloneOptimizer.zeroGrad();
      const largest = (of: Record<string, number>): string =>
        Object.entries(of)
          .sort(([, a], [, b]) => b - a)
          .slice(0, 2)
          .map(([name, value]) => `${name} ${value.toExponential(1)}`)
          .join(", ");
      show.row({
        step,
        gradients: Math.max(...Object.values(gradients)),
        weights: Math.max(...Object.values(weights)),
        which: `${largest(gradients)}; ${largest(weights)}`,
      });
    }
    wrapped.dispose();
  },
});
