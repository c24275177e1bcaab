// Stages only, or tensor parallelism, and a micro-batch for each sample.
export function layout({ devices }) {
  return { 1: "dp1", 2: "tp2", 4: "pp4" }[devices];
}

export async function step(parallel, samples, { batchOf, countOf }) {
  const mine = parallel.shareOf(samples);
  const part = await parallel.run(
    mine.map((sample) => batchOf([sample])),
    countOf(samples),
  );
  return await parallel.synchronize(part);
}
