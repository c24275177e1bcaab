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

/** What a figure's module exports as `figure`. */
export interface Figure {
  /** One line: what it shows. */
  readonly about: string;
  /** Of a program, whose module's default it is; its ranks, if not the program's own number. */
  readonly ranks?: number;
  /** Options of the program. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Draws it; the line above goes with it, for those who cannot see it. @param run of the module's program; without messages where there is none. */
  draw(run: Recorded): Scene;
}

/** A figure as a scene. */
export function figureScene(figure: Figure, run: Recorded): Scene {
  return { ...figure.draw(run), about: figure.about };
}
