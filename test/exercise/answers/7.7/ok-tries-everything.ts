// All powers of two, by a rough step time: products, a bubble, and what tensor parallelism sends.
interface Job {
  width: number;
  layers: number;
  heads: number;
  kvHeads: number;
  ffnWidth: number;
  vocabulary: number;
  sequence: number;
  devices: number;
  perNode: number;
  memory: number;
  batch: number;
}

function bytesOf(
  { width, layers, heads, kvHeads, ffnWidth, vocabulary, sequence }: Job,
  tp: number,
  pp: number,
  dp: number,
): number {
  const block = 2 * width ** 2 + 2 * width ** 2 * (kvHeads / heads) + 3 * width * ffnWidth;
  const own = ((layers / pp) * block + 2 * vocabulary * width) / tp;
  const kept = layers * (8 * width + 4 * width * (1 + kvHeads / heads) + 6 * ffnWidth) + 8 * vocabulary;
  return own * (4 + 12 / dp) + (sequence * kept) / tp;
}

export function choose(job: Job) {
  let best = { layout: `dp${job.devices}+fsdp+recompute`, micro: 1 };
  let least = Infinity;
  for (const tp of [1, 2, 4, 8]) {
    for (const pp of [1, 2, 4, 8, 16]) {
      const dp = job.devices / tp / pp;
      if (tp > job.perNode || job.kvHeads % tp || job.layers % pp || dp < 1 || job.batch % dp) continue;
      if (bytesOf(job, tp, pp, dp) > 0.97 * job.memory) continue;
      const time = (1 + ((pp - 1) * dp) / job.batch) * (1 + 0.02 * tp);
      if (time < least) {
        least = time;
        best = { layout: `pp${pp}.dp${dp}.tp${tp}+zero1${tp > 1 ? "+sp+overlap" : ""}`, micro: 1 };
      }
    }
  }
  return best;
}
