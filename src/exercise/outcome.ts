/**
 * What a judge sees of one run: reports of all ranks, what they printed, and the recorded
 * traffic, with the questions that judges ask of it. Nothing here knows how long anything took.
 */
import type { Shown } from "../script/index.ts";
import type { RankTraffic, TrafficEvent, TrafficOperation } from "../world/index.ts";

/** A property that does not hold. */
export class Wrong extends Error {
  override readonly name = "Wrong";
  /** What does not hold: a few words. */
  readonly property: string;

  /** @param property a few words, such as "bytes sent". @param message what was seen, what was expected, and what it hints at. */
  constructor(property: string, message: string) {
    super(message);
    this.property = property;
  }
}

/** Whether an error is a Wrong, also when the exercise was compiled against another copy of this file. */
export function isWrong(error: unknown): error is Wrong {
  return error instanceof Error && error.name === "Wrong" && "property" in error;
}

/** The circumstances of a run. */
export interface RunSettings {
  readonly world: number;
  readonly transport: "local" | "shm" | "tcp";
  readonly seed: number;
  /** Seed of turns and delays; undefined gives turns in rank order, or lets threads race. */
  readonly interleaving: number | undefined;
  readonly variant: number;
}

/** One run of an answer, with the questions that judges ask of it. */
export class Outcome<R = unknown> {
  /** Ranks of the run. */
  readonly size: number;
  /** Its circumstances. */
  readonly settings: RunSettings;
  /** By rank: what `run` returned. */
  readonly reports: readonly R[];
  /** By rank: what the answer showed. */
  readonly shown: readonly (readonly Shown[])[];
  /** By rank: what was recorded. */
  readonly traffic: readonly RankTraffic[];

  constructor(
    settings: RunSettings,
    reports: readonly R[],
    shown: readonly (readonly Shown[])[],
    traffic: readonly RankTraffic[],
  ) {
    this.size = settings.world;
    this.settings = settings;
    this.reports = reports;
    this.shown = shown;
    this.traffic = traffic;
  }

  /** Seeds the inputs. */
  get seed(): number {
    return this.settings.seed;
  }

  /** Number of the run among those of its world size. */
  get variant(): number {
    return this.settings.variant;
  }

  /** Ranks, to loop over. */
  get ranks(): readonly number[] {
    return this.reports.map((_, rank) => rank);
  }

  /** Lines of text that a rank showed. */
  lines(rank: number): string[] {
    return this.shown[rank].flatMap((shown) => (shown.kind === "line" ? shown.text.split("\n") : []));
  }

  /** What a rank did, in order. */
  events(rank: number, ...kinds: TrafficEvent["event"][]): TrafficEvent[] {
    return this.traffic[rank].events.filter(({ event }) => kinds.length === 0 || kinds.includes(event));
  }

  /** Operations of the given kinds that a rank called. */
  calls(rank: number, ...kinds: TrafficOperation["kind"][]): TrafficOperation[] {
    return this.traffic[rank].operations.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
  }

  /** Messages and bytes that a rank sent, or moved in its peers' memory. */
  sent(rank: number): { messages: number; bytes: number } {
    return sentBy(this.traffic[rank].events);
  }

  /** World ranks that a rank sent messages to. */
  peers(rank: number): number[] {
    return [...new Set(this.events(rank, "send").map(({ peer = -1 }) => peer))].sort((a, b) => a - b);
  }

  /** @throws Wrong when a rank called anything else. */
  allowOnly(kinds: readonly TrafficOperation["kind"][], why: string): void {
    for (const rank of this.ranks) {
      const other = this.calls(rank).find(({ kind }) => !kinds.includes(kind));
      if (!other) continue;
      const where = other.site ? ` (${other.site})` : "";
      throw new Wrong("what is called", `rank ${rank} called ${other.text}${where}. ${why}`);
    }
  }

  /** @throws Wrong when the condition does not hold. */
  must(condition: boolean, property: string, message: string | (() => string)): void {
    if (!condition) throw new Wrong(property, typeof message === "string" ? message : message());
  }
}

/** Messages and bytes that a rank sent, or moved in its peers' memory, by what it did. */
export function sentBy(events: readonly TrafficEvent[]): { messages: number; bytes: number } {
  const moved = events.filter(({ event }) => event === "send" || event === "read" || event === "write");
  return { messages: moved.length, bytes: moved.reduce((sum, { bytes = 0 }) => sum + bytes, 0) };
}
