// `npm run fuzz [cases] [seed] [hostile]`: random conformance cases over every transport, world size and
// algorithm, then hostile connections against a running job.
import { fuzzHostile } from "./fuzz-hostile.mjs";
import { prepare } from "./setup.mjs";

await prepare({ development: true });
const { compileProgram, defaultTable, runJob } = await import("../dist/testing.js");

const wanted = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const hostile = Number(process.argv[4] ?? 100_000);
const program = await compileProgram("test/conformance/program.ts");
const algorithms = [undefined, "ring", "doubling", "halving", "tree", "double-tree", "hierarchical", "one-shot"];
const configurations = [];
for (const transport of ["shm", "local", "tcp"]) {
  for (const ranks of [1, 2, 3, 5, 8])
    for (const algorithm of algorithms) configurations.push({ transport, ranks, algorithm });
}

const each = Math.ceil(wanted / configurations.length);
let done = 0;
console.log(`${each} cases in each of ${configurations.length} configurations, seed ${seed}`);
for (const [i, { transport, ranks, algorithm }] of configurations.entries()) {
  const caseSeed = seed + i;
  const table = algorithm && { ...defaultTable, shared: false, allReduce: algorithm };
  const result = await runJob({
    program,
    ranks,
    transport,
    table,
    options: { cases: each, caseSeed },
    interleaving: caseSeed,
  });
  const name = `${transport}, ${ranks} ranks, ${algorithm ?? "tuned"}`;
  if (!result.ok) {
    console.error(`FAILED  ${name}, case seed ${caseSeed}: ${result.failure?.message ?? "stopped"}`);
    process.exit(1);
  }
  done += each;
  console.log(`ok  ${String(done).padStart(6)} cases  ${name}`);
}
console.log(`${done} cases passed`);
await fuzzHostile(hostile, seed);
console.log(`${hostile} hostile connections did no harm`);
