// What few bits cost: the perplexity of held-out text with weights and with keys and values in each type, by the pages that a
// server reads.
import { functional, type TensorDevice } from "worldsize";
import { packSamples, type Sample } from "worldsize/data";
import { type KvDType, kvDTypes, type LanguageModel, PagedKv, quantizeModel } from "worldsize/models";
import { takeData } from "./measure.ts";
import { openModel } from "./open-model.ts";

const PAGE = 16;
/** Tokens of a step: a prompt is read in chunks, as a server does it. */
const CHUNK = 128;

/** A row for each type of the weights: the perplexity with keys and values in f32, bf16 and int8. */
export async function perplexities(device: TensorDevice, name: string, samples: readonly Sample[]) {
  const rows: { weights: string; f32: number; bf16: number; int8: number }[] = [];
  for (const weights of ["f32", "bf16", "int8", "int4"] as const) {
    const { model } = await openModel(device, name, weights === "bf16" ? "bf16" : "f32");
    const small = weights.startsWith("int") ? quantizeModel(model, weights === "int8" ? 8 : 4) : undefined;
    const row = { weights, f32: 0, bf16: 0, int8: 0 };
    for (const kv of kvDTypes) row[kv] = await perplexity(small ?? model, kv, samples);
    rows.push(row);
    small?.dispose();
    model.dispose();
  }
  return rows;
}

/** exp of the mean loss of the tokens that count, each told what comes before it. */
async function perplexity(model: LanguageModel, dtype: KvDType, samples: readonly Sample[]): Promise<number> {
  const { device, config } = model;
  const longest = Math.max(...samples.map(({ ids }) => ids.length));
  const pages = Array.from({ length: Math.ceil(longest / PAGE) }, (_, i) => i);
  const kv = new PagedKv(device, config, pages.length, PAGE, dtype);
  let [sum, weight] = [0, 0];
  for (const sample of samples) {
    const { tokens, targets, weights } = packSamples([sample]);
    for (let from = 0; from < tokens.length; from += CHUNK) {
      const to = Math.min(from + CHUNK, tokens.length);
      const loss = device.noGrad(() =>
        device.scope(() => {
          const i32 = (values: ArrayLike<number>) => device.from(Array.from(values), [values.length], "i32");
          const slots = i32(Array.from({ length: to - from }, (_, i) => from + i)); // page i is the i-th
          const step = { slots, lengths: i32([to]), tables: i32(pages).reshape([1, pages.length]) };
          const batch = { tokens: i32(tokens.subarray(from, to)), positions: slots, starts: i32([0, to - from]) };
          const logits = kv.during(step, () => model.call(batch, kv));
          return functional.crossEntropy({ logits, target: i32(targets.subarray(from, to)) }).loss;
        }),
      );
      const losses = await takeData(loss);
      for (let i = from; i < to; i++) {
        sum += losses[i - from] * weights[i];
        weight += weights[i];
      }
    }
  }
  kv.dispose();
  return Math.exp(sum / weight);
}
