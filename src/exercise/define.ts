/**
 * An exercise: what the reader's file must export, how it is fed on every rank, and how the
 * outcome is judged. The feeding (`run`) happens beside the answer; the judging (`judge`)
 * happens in the checker, on inputs made anew from the seed, where no answer reaches.
 *
 * Beside an exercise.ts lie task.md (the text), starter.ts, solution.ts, mutants.ts, advice.ts, and twin.py: the
 * solution in PyTorch, shown with ours.
 */
import type { Context } from "../script/index.ts";
import type { Outcome, RunSettings } from "./outcome.ts";

/** What an answer's module exports. */
export type Answer = Readonly<Record<string, unknown>>;

export type CheckTransport = "local" | "shm" | "tcp";

/** What `run` is handed on a rank. */
export interface RankSide {
  /** The whole context of a script; hand the answer only what its task names. */
  readonly context: Context<Record<string, never>>;
  /** Inputs are drawn from this; it is fresh in every check, and not for the answer's eyes. */
  readonly seed: number;
  /** From 0: the runs at one world size. Let it choose among sizes of input, smallest first. */
  readonly variant: number;
}

/** "What will this print?", asked before, and answered by running the solution. */
export interface Question {
  readonly ask: string;
  /** Choices, where the answer is not a number. */
  readonly choices?: readonly string[];
  /** The world size to run the solution at. */
  readonly world: number;
  /** Reads the answer off that run: a number, or one of the choices. */
  answer(outcome: Outcome<unknown>): string | number;
  /** Why it is so. */
  readonly because: string;
}

/** With how little an answer can do. */
export interface Bound {
  /** Why there is no less, in a few words. */
  readonly because: string;
  /** Of the rank that sends most; undefined where that says nothing. */
  readonly messages?: number;
  readonly bytes?: number;
  /** Messages that have to wait for each other, and the bytes along them. */
  readonly inARow: { readonly messages: number; readonly bytes: number };
}

/** An exercise: what is run beside an answer, and who judges it. */
export interface Exercise<R = unknown> {
  /** `3.3`: chapter and place. */
  readonly number: string;
  readonly title: string;
  /** Functions that an answer must export; `default` is a script. */
  readonly exports: readonly string[];
  /** World sizes to run at, smallest first. */
  readonly worlds: readonly number[];
  /** Transports to run on; local and shm if not given. */
  readonly transports?: readonly CheckTransport[];
  /** Seeded interleavings of each world size on the local transport; 2 if not given. */
  readonly interleavings?: number;
  /** Sends of at most this many bytes complete at once; 0 if not given. */
  readonly eager?: number;
  /**
   * Speed of every link, such as "1GB/s,20us": runs on the local transport are on virtual time then, and `context.now()` says what
   * their messages take.
   */
  readonly link?: string;
  /** Of the runs at a world size: with how little any answer to this task has to do. */
  bound?(world: number, variant: number): Bound;
  /** From a nudge to nearly the answer. */
  readonly hints: readonly [string, string, string];
  readonly questions: readonly Question[];
  /**
   * On every rank: feeds the answer and reports what came out. What is not a plain value arrives as words for it
   * (`Odd`), so that whatever an answer returned may be handed on as it is.
   */
  run(answer: Answer, side: RankSide): Promise<R>;
  /**
   * What an answer was given in a run, in a sentence, for when it threw or hung and no judge is asked.
   * @param words what is said of the failure.
   */
  given?(settings: RunSettings, words: string): string;
  /** In the checker. @throws Wrong for the first property that does not hold. */
  judge(outcome: Outcome<R>): void;
}

/** Declares an exercise. */
export function defineExercise<R>(exercise: Exercise<R>): Exercise<R> {
  return exercise;
}

/** A wrong answer that people really give, as an edit of the solution. */
export interface Mutant {
  readonly name: string;
  /** What whoever writes this thinks. */
  readonly belief: string;
  /** Each first text occurs exactly once in the solution and becomes the second. */
  readonly edits: readonly (readonly [string, string])[];
  /** In the verdict's message; in large worlds no two mutants of an exercise share it. */
  readonly message: string | RegExp | ((world: number) => string | RegExp);
  /** World sizes at which it happens to be right; none if not given. */
  readonly rightAt?: readonly number[];
}

/** Declares an exercise's mutants. */
export function defineMutants(mutants: readonly Mutant[]): readonly Mutant[] {
  return mutants;
}

/** What helps when a property does not hold: a hint, and where the chapter explains it. */
export interface Advice {
  readonly hint: string;
  /** A heading of the chapter's README, word for word. */
  readonly read: string;
}

/** Declares what helps against each property that an exercise's judge looks at, by the property's words. */
export function defineAdvice(advice: Readonly<Record<string, Advice>>): Readonly<Record<string, Advice>> {
  return advice;
}
