/**
 * A figure of the course: a module beside its chapter's text, which says in a line what it shows and draws
 * itself as a scene; of a recorded run, if the module's default is a program.
 */
import type { Shown } from "../script/index.ts";
import type { RankTraffic } from "../world/index.ts";
import type { Scene } from "./scene.ts";
import { sceneSvg } from "./scene-svg.ts";
import { sceneText } from "./scene-text.ts";

/** A picture that is drawn both ways: curves and maps, whose places are no cells, bring both drawings along. */
export interface Drawing {
  readonly title: string;
  /** What it shows, for readers who cannot see it. */
  readonly about: string;
  /** For a terminal: lines of at most 80 columns, the title first. */
  text(): string[];
  svg(): string;
}

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
  draw(...runs: Recorded[]): Scene | Drawing;
}

/** A figure, ready to be drawn in a terminal or as SVG. */
export function figureDrawing(figure: Figure, runs: readonly Recorded[]): Drawing {
  const drawn = figure.draw(...runs);
  const about = drawn.about === drawn.title || !drawn.about ? figure.about : drawn.about;
  if ("svg" in drawn) return { ...drawn, about };
  const scene = { ...drawn, about };
  return { title: scene.title, about, text: () => sceneText(scene), svg: () => sceneSvg(scene) };
}
