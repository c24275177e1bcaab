/**
 * Whole decoders under tensor parallelism, with and without sequence parallelism and overlap, against the same decoder on one
 * rank: logits, loss and the gradient of every parameter, each rank comparing the box that it has.
 */
import {
  boolean,
  crossEntropy,
  defineScript,
  initialize,
  type Parameter,
  string,
  type Tensor,
  type TensorDevice,
} from "worldsize";
import { type Batch, Decoder, type DecoderConfig, gpt2Shape, llamaShape } from "worldsize/models";
import {
  Mesh,
  overlapWeights,
  plainVocabularyCrossEntropy,
  shareOf,
  sumPartialGradients,
  tensorParallel,
  vocabularyCrossEntropy,
} from "worldsize/parallel";

const shape = {
  vocabularySize: 13,
  width: 24,
  layers: 2,
  heads: 12,
  ffnWidth: 36,
  maxPositions: 8,
  initializerRange: 0.2,
};

/** Heads of keys that fit so many ranks: as many, or fewer, so that ranks share one. */
const fewer: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 4: 2 };

function formsFor(ranks: number): Readonly<Record<string, DecoderConfig>> {
  const llama = llamaShape({ ...shape, kvHeads: ranks === 3 ? 6 : 4 });
  return {
    tied: llama,
    untied: { ...llama, tied: false, kvHeads: fewer[ranks] },
    qwen2: { ...llama, family: "qwen2", attentionBias: true, tied: false, kvHeads: fewer[ranks] },
    qwen3: { ...llama, family: "qwen3", qkNorm: true, kvHeads: fewer[ranks], headDim: 4 },
    gpt2: gpt2Shape(shape),
  };
}

/** The same values wherever the model is, also for what begins as 0 or 1. */
function make(device: TensorDevice, config: DecoderConfig, half: boolean): Decoder {
  const model = new Decoder(device, config, half ? { dtype: "bf16", gradDType: "f32" } : {});
  initialize(model, 5);
  let seed = 0;
  for (const parameter of model.parameters())
    device.noGrad(() => parameter.add_(device.randn(parameter.shape, { seed: ++seed }).mul(0.1).to(parameter.dtype)));
  return model;
}

/** A rank's box of a whole. */
function boxOf(whole: Tensor, parameter: Parameter): Tensor {
  return parameter.part.from.reduce(
    (box, from, axis) => box.slice(axis, from, from + parameter.shape[axis]),
    whole as Tensor,
  );
}

/** The largest difference, over the largest entry of the whole. */
async function distance(found: Tensor, wanted: Tensor, whole: Tensor): Promise<number> {
  if (String(found.shape) !== String(wanted.shape)) return Number.NaN;
  if (found.size === 0) return 0;
  const largest = await whole.abs().max().item();
  return (await found.sub(wanted).abs().max().item()) / largest;
}

export default defineScript({
  about: "Holds decoders under tensor parallelism to one rank.",
  options: {
    forms: string("tied,untied,qwen2,qwen3,gpt2", "forms that are tried"),
    half: boolean(false, "parameters in bf16, with gradients in f32"),
    plain: boolean(false, "takes the plain loss"),
  },
  async main({ world, device, options, show }) {
    const mesh = await Mesh.create(world, { tp: world.size });
    const integers = (values: number[]): Tensor => device.tensor(values, "i32");
    const batch: Batch = {
      tokens: integers([0, 3, 12, 7, 7, 1, 2, 11, 5, 9, 4, 6]),
      positions: integers([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6]),
      starts: integers([0, 5, 12]),
    };
    const target = integers([3, 12, 7, 7, -100, 2, 11, 5, 9, -100, 6, 0]);
    const lossOf = options.plain ? plainVocabularyCrossEntropy : vocabularyCrossEntropy;
    for (const [form, config] of Object.entries(formsFor(world.size))) {
      if (!options.forms.split(",").includes(form)) continue;
      const one = make(device, config, options.half);
      const logits = one.call(batch);
      const wanted = crossEntropy(logits, target);
      wanted.sum.backward();
      const whole = one.namedParameters();
      for (const sequence of [false, true]) {
        const model = await tensorParallel(make(device, config, options.half), mesh, undefined, { sequence });
        const kept: Tensor[][] = [];
        for (const overlap of [false, true]) {
          let hooks = 0;
          const handles = model.parameters().map((each) => each.registerPostAccumulateGradHook(() => hooks++));
          const own = model.call(batch);
          const { sum, count } = lossOf(own, target, mesh.group("tp"), { vocabulary: config.vocabularySize });
          if (overlap) overlapWeights(device, () => sum.backward());
          else sum.backward();
          sumPartialGradients(model.parameters(), mesh);
          for (const handle of handles) handle.remove();
          const { from, length } = shareOf(config.vocabularySize, world.size, world.rank);
          const worst: [number, string] = [0, ""];
          const note = (value: number, name: string): void => {
            if (!(value <= worst[0])) [worst[0], worst[1]] = [value, name];
          };
          note(await distance(own, logits.slice(1, from, from + length), logits), "logits");
          note(await distance(sum, wanted.sum, wanted.sum), "loss");
          if ((await count.item()) !== 10) note(Number.NaN, "count");
          let elements = 0;
          for (const [name, parameter] of model.namedParameters()) {
            const gradient = whole.get(name)?.grad as Tensor;
            elements += parameter.size / (parameter.part.axes.length ? parameter.part.copies : world.size);
            // Without rotary positions a bias of keys changes no attention: its gradient is 0, but for rounding.
            const scale = config.positions === "learned" ? name.replace("attention.k.bias", "attention.v.bias") : name;
            const like = whole.get(scale)?.grad as Tensor;
            note(await distance(parameter.grad as Tensor, boxOf(gradient, parameter), like), name);
          }
          kept.push(model.parameters().map(({ grad }) => (grad as Tensor).clone()));
          model.zeroGrad();
          show.row({ form, sequence, overlap, worst: worst[0], name: worst[1], hooks, elements, of: one.parameters().reduce((n, { size }) => n + size, 0), parameters: whole.size }); // biome-ignore format: one row
        }
        let equal = true;
        for (const [i, plain] of kept[0].entries()) {
          const [a, b] = [await plain.data(), await kept[1][i].data()];
          if (!a.every((value, j) => Object.is(value, b[j]))) equal = false;
        }
        show.row({ form, sequence, bits: equal });
        model.dispose();
      }
      one.dispose();
    }
  },
});
