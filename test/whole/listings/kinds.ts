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
  { line: /worldsize serve/, why: "a server runs until somebody ends it; test/cli/serve.test.ts starts and ends one" },
  { line: /worldsize check/, why: "judges the reader's answer; test/exercise judges ours" },
  { line: /--nnodes 2/, why: "two machines; test/job/nodes.test.ts starts both on this one" },
  { line: /--pause 60/, why: "waits for the reader to kill a rank; test/job/process-faults.test.ts kills one" },
  { line: /train-language-model --steps 300 -n 2/, why: "trains for long; test/whole/scripts.test.ts trains on ranks" },
  { line: /moe-balance -n 4 .*--steps 96/, why: "trains for half a minute; the line above it trains, too" },
  { line: /--file topo\.txt/, why: "needs a machine with GPUs; test/sim reads such matrices" },
];

/** Lines that are no command of ours, or a whole block of the shell. */
export const others: readonly Apart[] = [
  { line: /^npm start/, why: "the tests' own set-up runs it" },
  { line: /^npm test/, why: "this is it" },
  { line: /^npm (pack|install)/, why: "test/whole/package.test.ts packs and installs" },
  { line: /^nvidia-smi/, why: "needs a GPU" },
  { line: /^docker|^ {2}--volume|^ {2}node:20/, why: "needs Docker" },
  { line: /^curl -N/, why: "asks a server of the line above; test/whole/serve-scripts.test.ts asks as it does" },
  { line: /^kill -9/, why: "kills a rank of the line above; test/job/process-faults.test.ts does" },
  { line: /^tail -n 2/, why: "reads a recorder's folder by a name of its own" },
  { line: /^mpirun/, why: "needs Open MPI; test/job/join.test.ts starts ranks by its variables" },
  { line: /^head -c 32/, why: "makes a secret; the listing's test makes its own" },
  { line: /^node -e|^ {2}(const|for|console)|^'/, why: "counts verdicts that the line above would have made" },
];

/** Commands of `run` that fail, because that is what they show. */
export const failing: readonly Apart[] = [
  { line: /--deadlock( --eager 1KiB --elements 1000)?$/, why: "a deadlock is reported and ends the job" },
  { line: /--wrong$/, why: "so is a receive from the wrong rank" },
  { line: /worldsize run skip\.ts$/, why: "its ranks call different collectives" },
  { line: /run tp-mlp -n 3 --hidden 64$/, why: "three ranks cannot share out 64 hidden units" },
  { line: /run tp-attention -n 3 --heads 8 --keys 4$/, why: "nor 8 heads" },
  { line: /run moe-all-to-all -n 3 --experts 4$/, why: "three ranks cannot share out 4 experts" },
  { line: /run moe-all-to-all -n 2 --experts 4 --per-token 5$/, why: "a token cannot go to 5 of 4 experts" },
  { line: /run moe-all-to-all -n 2 --capacity 0$/, why: "an expert without room computes nothing" },
];

/** Blocks without a language that no command above them printed: how they begin or what they hold, and why they are there. */
export const looked: readonly Apart[] = [
  {
    line: /^rank 3 failed in hello-distributed\.ts:\nrank 3 was killed/,
    why: "what is said after the reader's kill -9",
  },
  { line: /^rank 0 device ·+A/, why: "a timeline: every run draws another" },
  { line: /^The last operations of each rank: \S+$/, why: "a folder with a name of its own" },
  { line: /^\{"operation":"recv/, why: "lines of such a folder, cut" },
  { line: /^│ rank │ {5}multiply/, why: "times of one machine; the claims of chapter 2 hold them" },
  { line: /^rank 0 │ Overlap, first without/, why: "a timeline, which no two runs draw alike" },
  { line: /^rank 0 │ Buckets that overlap/, why: "a timeline, which no two runs draw alike" },
  {
    line: /^rank 0 │ Decode: a token of each sequence/,
    why: "times of one machine; the claims of chapter 8 hold them",
  },
  { line: /^rank 0 │ A prompt of 400 comes in/, why: "times of one machine; the claims of chapter 8 hold them" },
  { line: /^backward {3}g0/, why: "a picture of what the exercise asks for" },
  { line: /^world {3}rank {2}size/, why: "the API on one screen; test/whole/api.test.ts compares it with the library" },
];
