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

/** Prompt tokens whose log-probabilities are asked for. */
export interface Scores {
  /** Which of the row's tokens has the logits for the first one; each further one has them from the row's next token. */
  readonly from: number;
  /** The tokens that did follow. */
  readonly tokens: readonly number[];
  /** Alternatives to give beside each. */
  readonly top: number;
}

/** New tokens of one sequence. Its lists are the engine's own, and change once the step is over. */
export interface Row {
  readonly tokens: readonly number[];
  /** Position of the first one: so many have keys and values already. */
  readonly start: number;
  /** Block table: pages of all tokens up to the last new one. */
  readonly pages: readonly number[];
  /** None where a prompt goes on in a later step. */
  readonly draws: readonly Draw[];
  /** None unless a prompt is scored. */
  readonly scores?: Scores;
}

/** A step, as it is run. */
export interface StepBatch {
  /** Pages to copy first: [from, to]. */
  readonly copies: readonly (readonly [from: number, to: number])[];
  readonly rows: readonly Row[];
}

/** The bytes of pages, for tiers of memory that are larger and slower than the device's. Calls count in their order with `run`. */
export interface PageMemory {
  /** Bytes of one page, of all layers. */
  readonly pageBytes: number;
  /** @returns bytes of pages as they are behind the steps that were run, whatever is written into the pages afterwards. */
  readPages(pages: readonly number[]): Promise<readonly Uint8Array[]>;
  /** Writes pages, for the steps that are run from now on. */
  writePages(pages: readonly number[], bytes: readonly Uint8Array[]): void;
}

/** Runs steps, one after the other. */
export interface Runner {
  /** Most tokens of a sequence. */
  readonly positions: number;
  /** Token ids are below it. */
  readonly vocabularySize: number;
  /** Where its pages are; none if they cannot be moved. */
  readonly memory?: PageMemory;
  /** Runs new tokens and draws. @returns by row, the tokens that are scored, and one for each draw. */
  run(batch: StepBatch): Promise<readonly (readonly Sampled[])[]>;
}
