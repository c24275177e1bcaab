// What the drivers of peers share: `node DRIVER WHAT SIZE` prints the milliseconds of the best of several runs.

export const [what, size] = [process.argv[2], Number(process.argv[3])];

/** Runs what was asked for, and prints the best time. `cases` gives, for each name, a function that is one run. */
export async function time(cases, rounds = 12) {
  const run = await cases[what]();
  let best = Infinity;
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  console.log(best);
}
