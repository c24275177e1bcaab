/** What a world can be told: plain data, declared once, that travels whole from a job's flags to its ranks. */
import type { TuningTable } from "../algorithms/tuner.ts";
import type { LinkSpeeds } from "./links.ts";

export interface WorldSettings {
  /** Which algorithm when; the built-in thresholds if not given. */
  readonly table: TuningTable | undefined;
  /** The pace of links between ranks; if not given, they are as fast as they can be. */
  readonly link: LinkSpeeds | undefined;
  /** Sends of at most this many bytes complete at once, from a copy. */
  readonly eager: number;
  /** Whether time is that of the machine, or virtual: for ranks that share a thread. */
  readonly clock: "real" | "virtual";
  /** Milliseconds that a program may wait for anything without any progress; without limit if not given. */
  readonly timeout: number | undefined;
}

export const defaultWorld: WorldSettings = {
  table: undefined,
  link: undefined,
  eager: 0,
  clock: "real",
  timeout: undefined,
};
