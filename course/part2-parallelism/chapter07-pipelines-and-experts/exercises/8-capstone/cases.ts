// What 7.8 is tried on: a small decoder, samples, and what a rank may keep, send, and wait for.
import { draws } from "worldsize/exercise";
import { type DecoderConfig, llamaShape } from "worldsize/models";
import {
  faultOf,
  type HostBatch,
  heldBytes,
  modelOf,
  type PlannedLayout,
  parameterCount,
  runOf,
} from "worldsize/parallel";

/** What an answer is handed. */
export interface Job {
  readonly devices: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly parameters: number;
  /** Bytes of a rank for parameters, gradients and moments, and bytes that it may send in a step. */
  readonly memory: number;
  readonly bytes: number;
  /** That messages of a step may take, over links of `LINK`, while work takes no time. */
  readonly milliseconds: number;
  readonly samples: number;
  readonly micro: number;
}

/** Tokens of each sample. */
export const LENGTH = 16;
const SAMPLES = 8;

/** Of every two ranks: what a link of 100 Gb Ethernet is over TCP, when it is not busy. */
export const LINK = "10GB/s,20us";

export function configOf(): DecoderConfig {
  return llamaShape({
    ...{ vocabularySize: 40, width: 32, layers: 4, heads: 4, kvHeads: 2, ffnWidth: 64, tied: false },
    ...{ maxPositions: LENGTH, initializerRange: 0.1 },
  });
}

/** By number of ranks: how much of all states a rank may keep, of what ranks keep at least. */
const shares: Readonly<Record<number, number>> = { 1: 1.05, 2: 0.72, 4: 0.52 };

/** By number of ranks: milliseconds of messages, a third more than stages with shared moments take. */
const waits: Readonly<Record<number, number>> = { 1: 0.1, 2: 0.11, 4: 0.3 };

export function jobOf(size: number): Job {
  const { layers, heads, kvHeads } = configOf();
  const parameters = parameterCount(modelOf(configOf()));
  return {
    ...{ devices: size, layers, heads, kvHeads, parameters },
    memory: Math.round(16 * parameters * shares[size]),
    bytes: Math.round(2.2 * 4 * parameters),
    milliseconds: waits[size],
    ...{ samples: SAMPLES, micro: 2 },
  };
}

/** Samples of a step: each its tokens, and one more behind the last. */
export function samplesOf(seed: number): number[][] {
  const random = draws(seed);
  return Array.from({ length: SAMPLES }, (_, i) =>
    Array.from({ length: i === 2 ? 5 : LENGTH + 1 }, () => Math.floor(40 * random())),
  );
}

/** Samples, one after the other, as a batch on the host. */
export function batchOf(samples: readonly (readonly number[])[]): HostBatch {
  const tokens = samples.flatMap((sample) => sample.slice(0, -1));
  const starts = [0];
  for (const sample of samples) starts.push(starts[starts.length - 1] + sample.length - 1);
  return {
    tokens: Int32Array.from(tokens),
    targets: Int32Array.from(samples.flatMap((sample) => sample.slice(1))),
    weights: new Float32Array(tokens.length).fill(1),
    positions: Int32Array.from(samples.flatMap((sample) => sample.slice(1).map((_, i) => i))),
    starts: Int32Array.from(starts),
  };
}

/** Targets of samples. */
export const countOf = (samples: readonly (readonly number[])[]): number =>
  samples.reduce((sum, { length }) => sum + length - 1, 0);

/** What cannot be shared out; undefined for a layout that can run. */
export function faultIn(layout: PlannedLayout, { devices, samples, micro }: Job): string | undefined {
  const per = samples / (layout.copies * layout.dp) / micro;
  const run = runOf({ sequence: LENGTH, batch: samples, micro: Math.max(per, 1 / LENGTH) });
  return faultOf(modelOf(configOf()), run, { ...layout, ep: 1 }, devices)?.text;
}

/** Bytes of states that a rank has at most, as the planner counts them. */
export function heldMost(layout: PlannedLayout): number {
  const model = modelOf(configOf());
  let most = 0;
  for (let pp = 0; pp < layout.pp; pp++) {
    const { parameters, gradients, optimizer } = heldBytes(model, layout, { pp, shard: 0, tp: 0 });
    most = Math.max(most, parameters + gradients + optimizer);
  }
  return most;
}
