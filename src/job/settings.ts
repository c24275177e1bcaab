/**
 * How the ranks of a job run, however they are started: plain data, declared once, that reaches
 * every process and thread as it is. A new option is a field here, a flag, and whoever reads it.
 */
import { type StreamMode, streamModes } from "../script/define.ts";
import { defaultWorld, type WorldSettings } from "../world/index.ts";

export interface RunSettings extends WorldSettings {
  /** Seeds the random numbers of programs. */
  readonly seed: number;
  /** Seeds the scheduler of a local job, whose turns are in rank order if not given; over tcp, cuts and delays what comes over wires. */
  readonly interleaving: number | undefined;
  /** Whether spans are recorded. */
  readonly traced: boolean;
  /** Whether operations and messages are recorded. */
  readonly recorded: boolean;
  /** Elements of each tensor that are kept with what is recorded. */
  readonly glimpsed: number;
  /** Whether streams run in the program's thread or in threads of their own. */
  readonly streams: StreamMode;
  /** Threads that help each rank's streams with large kernels. */
  readonly helpers: number;
  /** Whether the built-ins of the program's thread cannot be changed (platform/lockdown.ts). */
  readonly locked: boolean;
  /** Milliseconds without any move in the whole job after which somebody says who waits for what; 0 for never. */
  readonly silence: number;
}

export const defaultSettings: RunSettings = {
  ...defaultWorld,
  seed: 0,
  interleaving: undefined,
  traced: false,
  recorded: false,
  glimpsed: 0,
  streams: streamModes[0],
  helpers: 0,
  locked: false,
  silence: 30_000,
};

const names = Object.keys(defaultSettings) as (keyof RunSettings)[];

/** The settings among some options; what is not given is as by default. */
export function settingsOf(given: Partial<RunSettings>): RunSettings {
  const chosen = names.map((name) => [name, given[name] ?? defaultSettings[name]]);
  return Object.fromEntries(chosen) as unknown as RunSettings;
}
