/** What runs a step's tokens: a model with its pages, or in tests a stand-in whose every mistake shows. */
import type { Sampled, SamplingOptions } from "./request.ts";

/** What is drawn at the end of a row: one token for each. */
export interface Draw {
  readonly sampling: SamplingOptions;
  /** Number of the choice, which draws depend on. */
  readonly choice: number;
  /** Tokens before the one that is drawn: the prompt's and those that were drawn, for penalties. */
  readonly tokens: readonly number[];
  readonly promptLength: number;
}

/** New tokens of one sequence. */
export interface Row {
  readonly tokens: readonly number[];
  /** Position of the first one: so many have keys and values already. */
  readonly start: number;
  /** Block table: pages of all tokens up to the last new one. */
  readonly pages: readonly number[];
  /** None where a prompt goes on in a later step. */
  readonly draws: readonly Draw[];
}

/** A step, as it is run. */
export interface StepBatch {
  /** Pages to copy first: [from, to]. */
  readonly copies: readonly (readonly [from: number, to: number])[];
  readonly rows: readonly Row[];
}

/** Runs steps, one after the other. */
export interface Runner {
  /** Most tokens of a sequence. */
  readonly positions: number;
  /** Token ids are below it. */
  readonly vocabularySize: number;
  /** Runs new tokens and draws. @returns by row, a token for each draw. */
  run(batch: StepBatch): Promise<readonly (readonly Sampled[])[]>;
}
