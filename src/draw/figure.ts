/**
 * A figure of the course: a module beside its chapter's text, which says in a line what it shows and draws
 * itself as a scene; of a recorded run, if the module's default is a program.
 */
import type { Shown } from "../script/index.ts";
import type { RankTraffic } from "../world/index.ts";
import type { Scene } from "./scene.ts";

/** What a run left behind. */
export interface Recorded {
  /** By rank: its messages, with what lay in its tensors. */
  readonly traffic: readonly RankTraffic[];
  /** By rank: what it showed, in order. */
  readonly shown: readonly (readonly Shown[])[];
}

/** How a figure's program runs. */
export interface RunSetting {
  readonly options?: Readonly<Record<string, unknown>>;
  /** Bytes up to which sends are complete at once, from a copy. */
  readonly eager?: number;
}

/** What a figure's module exports as `figure`. */
export interface Figure {
  /** One line: what it shows. */
  readonly about: string;
  /** Of a program, whose module's default it is; its ranks, if not the program's own number. */
  readonly ranks?: number;
  /** How its program runs, once for each; once as it is, if not given. */
  readonly settings?: readonly RunSetting[];
  /** Whether the program's failure is what it shows. */
  readonly fails?: boolean;
  /** Draws it. Where the scene says no more than its title, the line above tells those who cannot see it. @param runs of the module's program; none where there is no program. */
  draw(...runs: Recorded[]): Scene;
}

/** A figure as a scene. */
export function figureScene(figure: Figure, runs: readonly Recorded[]): Scene {
  const scene = figure.draw(...runs);
  return { ...scene, about: scene.about === scene.title || !scene.about ? figure.about : scene.about };
}
