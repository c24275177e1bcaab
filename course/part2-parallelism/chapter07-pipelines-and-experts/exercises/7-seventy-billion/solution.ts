// As Megatron-LM's authors advise (Narayanan et al., 2021): as little model parallelism as fits, tensor parallelism inside a node first,
// stages beyond it, and the rest for data.
interface Job {
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  kvHeads: number;
  ffnWidth: number;
  devices: number;
  perNode: number;
  memory: number;
  sequence: number;
  batch: number;
}

export function choose(job: Job): { layout: string; micro: number } {
  const { devices, perNode, kvHeads, layers, batch, memory } = job;
  for (const again of [false, true]) {
    let [best, least] = ["", Infinity];
    for (let tp = 1; tp <= Math.min(perNode, kvHeads); tp *= 2) {
      for (let pp = 1; tp * pp <= devices && pp <= layers; pp *= 2) {
        const dp = devices / (tp * pp);
        const microBatches = batch / dp;
        if (kvHeads % tp > 0 || layers % pp > 0 || !Number.isInteger(dp) || !Number.isInteger(microBatches)) continue;
        if (pp > 1 && microBatches < 4 * pp) continue;
        if (states(job, tp, pp, dp) + activations(job, tp, again) > 0.97 * memory) continue;
        const cost = tp * pp * (tp > 4 ? 1.5 : 1);
        if (cost < least) [best, least] = [wordsOf(tp, pp, dp, again), cost];
      }
    }
    if (best) return { layout: best, micro: 1 };
  }
  return { layout: `dp${devices}+fsdp+recompute`, micro: 1 };
}

/** Bytes of a rank: 2 of weights, 2 of gradients, 12 of moments and a copy of the weights, which are shared out along dp. */
function states(
  { width, layers, heads, kvHeads, ffnWidth, vocabulary }: Job,
  tp: number,
  pp: number,
  dp: number,
): number {
  const block = 2 * width * width * (1 + kvHeads / heads) + 3 * width * ffnWidth;
  const edge = vocabulary * width * (pp > 1 ? 1 : 2);
  const own = ((layers / pp) * block + edge) / tp;
  return own * (2 + 2 + 12 / dp);
}

/** Bytes of a first stage, which keeps pp micro-batches of layers / pp blocks: as much as all layers of one. */
function activations(
  { width, layers, heads, kvHeads, ffnWidth, vocabulary, sequence }: Job,
  tp: number,
  again: boolean,
): number {
  const block = 8 * width + 4 * width * (1 + kvHeads / heads) + 6 * ffnWidth;
  const kept = again ? 2 * width * layers + block : block * layers;
  return (sequence * (kept + 8 * vocabulary)) / tp;
}

function wordsOf(tp: number, pp: number, dp: number, again: boolean): string {
  const sizes = `pp${pp}.dp${dp}.tp${tp}`;
  return `${sizes}${dp > 1 ? "+zero1" : ""}${tp > 1 ? "+sp+overlap" : ""}${again ? "+recompute" : ""}`;
}
