/** How lines of the course's `sh` blocks are tried that are not simply run, and why. */

/** A line that is read by the command's own parser and not run. */
export interface Apart {
  /** How the line begins, or what it holds. */
  readonly line: RegExp;
  readonly why: string;
}

/** Lines of `npx worldsize …` that the parser reads and nobody runs. */
export const read: readonly Apart[] = [
  { line: /worldsize learn/, why: "a lesson reads keys; test/cli/learn.test.ts leads through it" },
  { line: /worldsize bench (?!algorithms)/, why: "a benchmark runs for minutes; test/cli runs each with one round" },
  { line: /worldsize check/, why: "judges the reader's answer; test/exercise judges ours" },
  { line: /--nnodes 2/, why: "two machines; test/job/nodes.test.ts starts both on this one" },
  { line: /-- --pause 60/, why: "waits for a minute; listings/printed.ts kills a rank of it" },
  { line: /--file topo\.txt/, why: "needs a machine with GPUs; test/sim reads such matrices" },
];

/** Lines that are no command of ours, or a whole block of the shell. */
export const others: readonly Apart[] = [
  { line: /^npm start/, why: "the tests' own set-up runs it" },
  { line: /^npm test/, why: "this is it" },
  { line: /^npm (pack|install)/, why: "test/whole/package.test.ts packs and installs" },
  { line: /^nvidia-smi/, why: "needs a GPU" },
  { line: /^kill -9|^tail -n 2/, why: "of a process and a folder that have other names each time" },
  { line: /^docker|^ {2}--volume|^ {2}node:20/, why: "needs Docker" },
  { line: /^mpirun/, why: "needs Open MPI; test/job/join.test.ts starts ranks by its variables" },
  { line: /^head -c 32/, why: "makes a secret; the listing's test makes its own" },
  { line: /^node -e|^ {2}(const|for|console)|^'/, why: "counts verdicts that the line above would have made" },
];

/** Commands of `run` that fail, because that is what they show. */
export const failing: readonly Apart[] = [
  { line: /--wrong$/, why: "one rank listens to the wrong one, and the report says so" },
  { line: /--deadlock( --eager 1KiB --elements 1000)?$/, why: "a deadlock is reported and ends the job" },
  { line: /worldsize run skip\.ts$/, why: "its ranks call different collectives" },
];

/** Blocks without a language that no command above them printed: how they begin or what they hold, and why they are there. */
export const looked: readonly Apart[] = [
  { line: /^│ rank │ +multiply/, why: "times, in columns as wide as they need" },
  { line: /^npx worldsize run exercises\/latency\.ts/, why: "a command for the reader's own copy" },
  { line: /^rank 0 │ Overlap, first without/, why: "a timeline, which no two runs draw alike" },
  { line: /^rank 0 device ·/, why: "a timeline, which no two runs draw alike" },
  { line: /^The last operations of each rank/, why: "a folder with another name each time; printed.ts has the line" },
  { line: /^\{"operation":"recv/, why: "lines of a file; the fields are those of FlightRecord" },
  { line: /^backward {3}g0/, why: "a picture of what the exercise asks for" },
  { line: /^world {3}rank {2}size/, why: "the API on one screen; test/whole/api.test.ts compares it with the library" },
];
