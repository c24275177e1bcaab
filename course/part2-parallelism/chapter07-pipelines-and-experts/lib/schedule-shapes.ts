// A schedule on ideal time as shapes of a figure: a row for each rank, or for each of a rank's stages; forwards in thin frames,
// backwards in thick ones, their half for the weights in grey, idle time dashed.
import { letterOf, type Shape } from "worldsize/draw";
import type { TimedAction, Timing } from "worldsize/parallel";

/** Where a panel's time begins. */
export const LEFT = 7;

/** What a panel is drawn with. */
export interface PanelForm {
  readonly title: string;
  /** Columns of a unit of time: a forward of one unit needs two. */
  readonly unit: number;
  /** What stands behind a rank's row. */
  readonly behind?: (rank: number) => string;
}

/** Rows of a rank: one, or one for each of its stages. */
function rowsOf(actions: readonly TimedAction[]): { rank: number; stage: number; label: string }[] {
  const ranks = [...new Set(actions.map(({ rank }) => rank))].sort((a, b) => a - b);
  return ranks.flatMap((rank) => {
    const own = actions.filter((action) => action.rank === rank);
    const stages = [...new Set(own.map(({ stage }) => stage))].sort((a, b) => a - b);
    return stages.map((stage) => ({
      ...{ rank, stage },
      label: stages.length > 1 ? `${letterOf(rank)}, ${stage}` : letterOf(rank),
    }));
  });
}

/** @returns shapes, and the row that is free below them. */
export function panelOf(
  { actions, makespan }: Timing,
  top: number,
  { title, unit, behind }: PanelForm,
): { shapes: Shape[]; next: number } {
  const shapes: Shape[] = [{ kind: "text", x: 0, y: top, text: title, style: "bold" }];
  const rows = rowsOf(actions);
  for (const [i, { rank, stage, label }] of rows.entries()) {
    const y = top + 2 + 2 * i;
    shapes.push({ kind: "text", x: 0, y, text: label, ink: rank });
    // Where the rank has nothing to do, at none of its stages.
    let free = 0;
    const all = actions.filter((action) => action.rank === rank).sort((one, other) => one.start - other.start);
    for (const { start, end } of [...all, { start: makespan, end: makespan }]) {
      const [from, to] = [LEFT + free * unit, LEFT + start * unit - 1];
      if (to - from >= 1)
        shapes.push({ kind: "line", points: [[from, y], [to, y]], ink: "soft", dashed: true, thick: 1.2 }); // biome-ignore format: one line
      free = end;
    }
    for (const { kind, microBatch, start, end, stage: at } of all) {
      if (at !== stage) continue;
      const ink = kind === "W" ? ("soft" as const) : rank;
      const cells = [{ text: `${microBatch}`, ink, strong: kind === "B" || kind === "I" }];
      shapes.push({ kind: "cells", x: LEFT + start * unit, y, width: (end - start) * unit - 1, cells });
    }
    const text = behind?.(rank);
    if (text) shapes.push({ kind: "text", x: LEFT + makespan * unit + 1, y, text, ink: rank });
  }
  return { shapes, next: top + 2 + 2 * rows.length };
}

/** How many micro-batches a rank keeps in each unit of time: while it works on one, that one too. */
export function keptAt(actions: readonly TimedAction[], rank: number, time: number): number {
  const own = actions.filter((action) => action.rank === rank);
  const begun = own.filter(({ kind, start }) => kind === "F" && start <= time).length;
  const ended = own.filter(({ kind, end }) => (kind === "B" || kind === "W") && end <= time).length;
  return begun - ended;
}
