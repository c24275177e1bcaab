/**
 * A team: a stream's thread and its helpers, who split the tiles of a large kernel. Each part
 * computes what it would have computed alone, so results do not depend on how many help.
 *
 * A job lies in shared memory: the kernel, its arguments, and a word that holds the job's number
 * and the next part to take. A part is taken by exchanging that word, which fails when the job
 * is not the one whose arguments the helper has read.
 */
import type { SharedMemory } from "../platform/memory.ts";
import type { Blas } from "./blas.ts";
import type { Execute } from "./kernels/execute.ts";
import { kernelList } from "./kernels/index.ts";

// Words; those that different threads write lie on different cache lines.
const JOB = 0;
const NEXT = 16;
const FINISHED = 32;
const SLEEPERS = 48;
const STATUS = 49;
const WORDS = 64;
/** Doubles: kernel, parts, number of arguments, arguments. */
const DOUBLES = 40;

/** Bytes of shared memory that a team needs. */
export const TEAM_BYTES = WORDS * 4 + DOUBLES * 8;
/** Job number of a team that is over. */
const OVER = -1;
/** Parts that a word can count: the rest of it is the job's number. */
const PART_BITS = 8;
const MOST_PARTS = 2 ** PART_BITS - 1;

class Board {
  readonly words: Int32Array;
  readonly doubles: Float64Array;

  constructor(memory: SharedMemory, address: number) {
    this.words = memory.words(address, WORDS);
    this.doubles = new Float64Array(memory.buffer(address + TEAM_BYTES), address + WORDS * 4, DOUBLES);
  }

  /** Takes parts of a job until none is left or another job is on. @returns how many were taken. */
  work(job: number, kernel: number, parts: number, args: readonly number[], execute: Execute): number {
    const part = kernelList[kernel].part as NonNullable<(typeof kernelList)[number]["part"]>;
    let taken = 0;
    for (;;) {
      const next = Atomics.load(this.words, NEXT);
      const index = next & MOST_PARTS;
      if (next >>> PART_BITS !== (job & 0xffffff) || index >= parts) return taken;
      if (Atomics.compareExchange(this.words, NEXT, next, next + 1) !== next) continue;
      try {
        execute(kernel, part(args, index, parts));
      } catch {
        Atomics.store(this.words, STATUS, 1); // the leader does the job again, alone, and meets the same error
      }
      taken++;
      Atomics.add(this.words, FINISHED, 1);
    }
  }
}

/** The thread that leads: runs kernels like an Execute, with help where it is worth while. */
export class Team {
  readonly #board: Board;
  readonly #helpers: number;
  #job = 0;

  /** @param address of TEAM_BYTES of zeroed memory, a multiple of 8. @param helpers threads besides this one. */
  constructor(memory: SharedMemory, address: number, helpers: number) {
    this.#board = new Board(memory, address);
    this.#helpers = helpers;
  }

  /** @param blas that the helpers have as well. @returns an Execute that shares large kernels with the helpers. */
  lead(execute: Execute, blas?: Blas): Execute {
    return (number, args) => {
      const parts = Math.min(MOST_PARTS, kernelList[number].parts?.(args, this.#helpers + 1, blas) ?? 1);
      if (parts <= 1) execute(number, args);
      else this.#share(number, args, parts, execute);
    };
  }

  /** Sends the helpers home. */
  dismiss(): void {
    const { words } = this.#board;
    Atomics.store(words, JOB, OVER);
    Atomics.notify(words, JOB);
  }

  #share(number: number, args: readonly number[], parts: number, execute: Execute): void {
    const { words, doubles } = this.#board;
    this.#job = (this.#job + 1) & 0x7fffff;
    doubles[0] = number;
    doubles[1] = parts;
    doubles[2] = args.length;
    for (let i = 0; i < args.length; i++) doubles[3 + i] = args[i];
    Atomics.store(words, FINISHED, 0);
    Atomics.store(words, STATUS, 0);
    Atomics.store(words, NEXT, this.#job << PART_BITS);
    Atomics.store(words, JOB, this.#job);
    if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, JOB);
    this.#board.work(this.#job, number, parts, args, execute);
    while (Atomics.load(words, FINISHED) < parts); // the others are in their last parts
    if (Atomics.load(words, STATUS) !== 0) execute(number, args);
  }
}

/** A helper's thread: takes parts until the team is over. @param spins looks for a job before it sleeps. */
export function serveTeam(memory: SharedMemory, address: number, execute: Execute, spins: number): void {
  const board = new Board(memory, address);
  const { words, doubles } = board;
  const args: number[] = [];
  let done = 0;
  for (;;) {
    let job = Atomics.load(words, JOB);
    for (let i = 0; i < spins && job === done; i++) job = Atomics.load(words, JOB);
    if (job === done) {
      Atomics.add(words, SLEEPERS, 1);
      while ((job = Atomics.load(words, JOB)) === done) Atomics.wait(words, JOB, done);
      Atomics.sub(words, SLEEPERS, 1);
    }
    if (job === OVER) return;
    const kernel = doubles[0];
    const parts = doubles[1];
    args.length = doubles[2];
    for (let i = 0; i < args.length; i++) args[i] = doubles[3 + i];
    done = job;
    if (kernelList[kernel]?.part) board.work(job, kernel, parts, args, execute);
  }
}
