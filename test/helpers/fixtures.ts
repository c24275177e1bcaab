/** What PyTorch computed (tools/fixtures/torch_fixtures.py says how, and what each field means), with types. */
import { readFileSync } from "node:fs";

/** Numbers of a shape. */
export interface Boxed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** Given for indices; the rest are floats. */
  readonly dtype?: "i32";
}

/** One operation, forward and backward. */
export interface Case {
  readonly operation: string;
  readonly inputs: Readonly<Record<string, Boxed>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly output: Boxed;
  /** The output's gradient, in its shape. */
  readonly upstream: readonly number[];
  /** Of each input of floats, in its shape. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** What an optimizer takes, by our names. */
export interface OptimizerOptions {
  readonly lr: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weightDecay?: number;
}

/** Several steps of an optimizer on two parameters. */
export interface OptimizerCase {
  readonly optimizer: "SGD" | "Adam" | "AdamW";
  readonly options: OptimizerOptions;
  readonly clip: number | null;
  readonly initial: readonly Boxed[];
  /** [step][parameter], before clipping. */
  readonly gradients: readonly (readonly (readonly number[])[])[];
  readonly norms: readonly number[];
  /** [step][parameter] */
  readonly parameters: readonly (readonly (readonly number[])[])[];
}

/** The file. */
export interface Fixtures {
  readonly torch: string;
  readonly cases: readonly Case[];
  readonly optimizers: readonly OptimizerCase[];
  readonly clipping: readonly {
    readonly gradients: readonly (readonly number[])[];
    readonly type: number | "inf";
    readonly most: number;
    readonly norm: number;
    readonly clipped: readonly (readonly number[])[];
  }[];
  readonly schedule: {
    readonly options: {
      readonly peak: number;
      readonly least: number;
      readonly warmup: number;
      readonly steps: number;
    };
    readonly values: readonly number[];
  };
}

export const fixturesFile = new URL("../fixtures/torch.json", import.meta.url);
export const fixtures = JSON.parse(readFileSync(fixturesFile, "utf8")) as Fixtures;

/** @throws Error naming the first element that is off by more than `relative` of its size, or of `floor` if that is larger. */
export function agree(
  what: string,
  got: ArrayLike<number>,
  wanted: readonly number[],
  relative: number,
  floor = 1e-3,
): void {
  if (got.length !== wanted.length) throw new Error(`${what} has ${got.length} elements, not ${wanted.length}`);
  for (const [i, value] of wanted.entries()) {
    const allowed = relative * Math.max(Math.abs(value), floor);
    if (!(Math.abs(got[i] - value) <= allowed)) throw new Error(`${what}: element ${i} is ${got[i]}, not ${value}`);
  }
}
