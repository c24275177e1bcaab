/** The checks of a lesson: one at a time, the newest; what it noticed before the answer ran, and what it said. */
import pc from "picocolors";
import type { CourseExercise } from "../../exercise/node/catalog.ts";
import { check, type Verdict } from "../../exercise/node/checker.ts";
import type { Copies } from "../../exercise/node/copies.ts";
import type { Notice } from "../../exercise/node/types/notices.ts";
import type { TypeCheck } from "../../exercise/node/types/type-check.ts";
import { remember } from "../check.ts";
import { noticeLines, report } from "../verdict.ts";

/** Milliseconds that a check waits for what is noticed before the answer runs. */
const SOON = 500;

/** What to do after a verdict. */
const NEXT: Readonly<Partial<Record<Verdict["verdict"], readonly string[]>>> = {
  passed: ["", `Next: ${pc.cyan("n")}. Compare with our solution: ${pc.cyan("s")}.`],
  failed: ["", `A hint: ${pc.cyan("h")}. Walk through this run: ${pc.cyan("w")}.`],
};

/** What a check says. */
interface Said {
  readonly lines: readonly string[];
  /** The same, with what is noticed only after the verdict, if anything is: on a busy machine types take their time. */
  readonly later: Promise<readonly string[] | undefined>;
}

export interface ChecksOptions {
  readonly copies: Copies;
  /** What is noticed in an answer before it runs. */
  readonly types: Pick<TypeCheck, "noticesOf" | "soon">;
}

/** Who hears of a check while it goes on. */
interface Listener {
  say(lines: readonly string[]): void;
  progress(text: string): void;
}

export class Checks {
  readonly #options: ChecksOptions;
  readonly #listener: Listener;
  #running: AbortController | undefined;
  #verdict: Verdict | undefined;

  constructor(options: ChecksOptions, listener: Listener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** The last verdict, if something failed. */
  get failed(): Extract<Verdict, { verdict: "failed" }> | undefined {
    return this.#verdict?.verdict === "failed" ? this.#verdict : undefined;
  }

  /** What the answer that passed last costs, if it sent anything. */
  get marks() {
    const marks = this.#verdict?.verdict === "passed" ? this.#verdict.marks : undefined;
    return marks && marks.ours.messages > 0 ? marks : undefined;
  }

  /** Stops the check that is running; another exercise may be opened now. */
  stop(): void {
    this.#running?.abort();
    this.#verdict = undefined;
  }

  /** Checks an answer. @returns what to say of it; nothing if it was stopped. */
  async one(exercise: CourseExercise, answer: string): Promise<Said | undefined> {
    const { copies, types } = this.#options;
    const { signal } = this.#begin();
    const noticed = types.noticesOf(answer);
    const early = await types.soon(noticed, SOON);
    if (signal.aborted) return undefined;
    if (early.length > 0) this.#listener.say(noticeLines(early));
    const onProgress = (done: number, all: number): void => {
      if (!signal.aborted) this.#listener.progress(`checking: run ${done + 1} of ${all} …`);
    };
    const verdict = await check(exercise.file, answer, { signal, onProgress });
    if (signal.aborted) return undefined;
    this.#verdict = verdict;
    remember(copies, exercise, verdict);
    const notices = await types.soon(noticed, verdict.verdict === "failed" ? undefined : SOON);
    if (signal.aborted) return undefined;
    const linesWith = (notices: readonly Notice[]): string[] => [
      ...report(exercise, answer, verdict, notices),
      ...(NEXT[verdict.verdict] ?? []),
    ];
    const later = noticed.then((all) => (all.length > notices.length && !signal.aborted ? linesWith(all) : undefined));
    return { lines: linesWith(notices), later };
  }

  /** Checks what has been begun, and says the first line of each verdict. */
  async all(begun: readonly CourseExercise[]): Promise<void> {
    const { copies } = this.#options;
    const { signal } = this.#begin();
    const lines: string[] = [];
    for (const exercise of begun) {
      const answer = copies.path(exercise);
      const verdict = await check(exercise.file, answer, { signal });
      if (signal.aborted) return;
      remember(copies, exercise, verdict);
      lines.push(report(exercise, answer, verdict)[0]);
      this.#listener.say([...lines, exercise === begun.at(-1) ? "" : pc.dim("…")]);
    }
  }

  #begin(): AbortController {
    this.stop();
    this.#running = new AbortController();
    return this.#running;
  }
}
