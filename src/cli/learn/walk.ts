/** Walking through the run that failed, one step at a time: what happened, and what each rank's buffers held. */
import pc from "picocolors";
import { type Step, stepsOf } from "../../draw/steps.ts";
import { bufferLines, stepLine } from "../../draw/steps-text.ts";
import type { RankTraffic } from "../../world/index.ts";

/** Steps that are shown around the one that is looked at. */
const AROUND = 2;

/** Where each key leads, from a step among so many. */
const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  "→": (at) => at + 1,
  "←": (at) => at - 1,
  ">": (at) => at + 10,
  "<": (at) => at - 10,
  "^": () => 0,
  $: (_, count) => count - 1,
};

export class Walk {
  readonly #steps: readonly Step[];
  readonly #ranks: number;
  #at = 0;

  /** @param traffic of each rank in the run. */
  constructor(traffic: readonly RankTraffic[]) {
    this.#steps = stepsOf(traffic);
    this.#ranks = traffic.length;
  }

  /** Whether a key is one of the walk's. */
  move(key: string): boolean {
    const move = moves[key];
    if (!move) return false;
    this.#at = Math.max(0, Math.min(this.#steps.length - 1, move(this.#at, this.#steps.length)));
    return true;
  }

  /** The step, those before and after it, and the buffers as they were then. */
  lines(): string[] {
    if (this.#steps.length === 0) return ["In the run that failed, no rank called anything."];
    const from = Math.max(0, Math.min(this.#at - AROUND, this.#steps.length - 2 * AROUND - 1));
    const near = this.#steps.slice(from, from + 2 * AROUND + 1).map((step, i) => {
      const isHere = from + i === this.#at;
      const line = `${isHere ? "▸" : " "} ${String(from + i + 1).padStart(3)}  ${stepLine(step)}`;
      return isHere ? pc.bold(line) : pc.dim(line);
    });
    return [
      `Step ${this.#at + 1} of ${this.#steps.length} of the run that failed.   ← → one step · < > ten · ^ $ first and last`,
      "",
      ...near.slice(0, this.#at - from + 1),
      ...bufferLines(this.#steps, this.#at, this.#ranks).map((line) => `     ${line}`),
      ...near.slice(this.#at - from + 1),
    ];
  }
}
