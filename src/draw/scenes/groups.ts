/**
 * Ranks and the groups they are cut into, as scenes: hosts with their devices, a world split by
 * color, a grid whose rows and columns are groups. A rank keeps its colour whatever it is called.
 */
import { letterOf, type Scene, type Shape } from "../scene.ts";

/** A rank in one of the groups that a split made. */
export interface Member {
  /** In the world. */
  readonly rank: number;
  /** What it said in the split. */
  readonly color: number;
  /** In its new group, and how many that has. */
  readonly groupRank: number;
  readonly groupSize: number;
}

/** A box of a rank, its own colour, with lines of text in its middle; the first is bold. */
function rankBox(rank: number, x: number, y: number, width: number, lines: readonly string[]): Shape[] {
  const middle = x + (width - 1) / 2;
  return [
    { kind: "box", x, y, width, height: lines.length + 2, ink: rank, fill: rank },
    ...lines.map((text, i): Shape => {
      const look = i === 0 ? ({ ink: rank, style: "bold" } as const) : ({ ink: "soft", style: "small" } as const);
      return { kind: "text", x: middle, y: y + 1 + i, text, anchor: "middle", ...look };
    }),
  ];
}

/**
 * Hosts below each other, four devices beside each other, and what one rank finds in its environment.
 * @param homes color is the host, group rank the local rank. @param marked the rank whose environment is shown.
 */
export function hostsScene(homes: readonly Member[], marked: number): Scene {
  const hosts = [...new Set(homes.map(({ color }) => color))].sort((a, b) => a - b);
  const wide = Math.max(...homes.map(({ groupSize }) => groupSize));
  const width = 14 * wide + 2;
  const shapes: Shape[] = [];
  for (const host of hosts) {
    const top = 9 * host;
    shapes.push({ kind: "box", x: 0, y: top, width, height: 8, fill: "panel" });
    shapes.push({ kind: "text", x: 2, y: top + 1, text: `host ${host}`, style: "bold" });
  }
  const place = ({ color, groupRank }: Member): readonly [number, number] => [2 + 14 * groupRank, 9 * color + 2];
  for (const home of homes) {
    const [x, y] = place(home);
    const lines = [
      `rank ${home.rank} · ${letterOf(home.rank)}`,
      `local rank ${home.groupRank}`,
      `GPU ${home.groupRank}`,
    ];
    shapes.push(...rankBox(home.rank, x, y, 13, lines));
  }
  const it = homes.find(({ rank }) => rank === marked) as Member;
  const [x, y] = place(it);
  const foot = 9 * hosts.length;
  const words = `RANK=${it.rank}  LOCAL_RANK=${it.groupRank}  WORLD_SIZE=${homes.length}`;
  shapes.push({ kind: "line", points: [[x + 6, foot], [x + 6, y + 5]], ink: it.rank, arrow: true }); // biome-ignore format: one point after the other
  shapes.push({ kind: "text", x: x + 6, y: foot + 1, text: words, anchor: "middle", style: "code", ink: it.rank });
  const lesson = `It takes GPU ${it.groupRank}, its local rank: its host has no GPU ${it.rank}.`;
  shapes.push({ kind: "text", x: x + 6, y: foot + 2, text: lesson, anchor: "middle" });
  return {
    title: `${homes.length} ranks on ${hosts.length} hosts`,
    about: `${hosts.length} hosts with ${wide} devices each: rank ${it.rank} is local rank ${it.groupRank} on host ${it.color}`,
    width,
    height: foot + 3,
    shapes,
  };
}

/** A world as a row; below it a row for each color, every rank under its old place with its new number. */
export function groupsScene(members: readonly Member[], title: string): Scene {
  const colors = [...new Set(members.map(({ color }) => color))].sort((a, b) => a - b);
  const left = 9;
  const x = (rank: number): number => left + 10 * rank;
  const y = (color: number): number => 6 + 5 * colors.indexOf(color);
  const shapes: Shape[] = [
    { kind: "text", x: 0, y: 1, text: "world", style: "bold" },
    { kind: "text", x: 0, y: 2, text: `size ${members.length}`, ink: "soft", style: "small" },
  ];
  for (const color of colors) {
    const { groupSize } = members.find((member) => member.color === color) as Member;
    shapes.push({ kind: "band", y: y(color), height: 5, label: "" });
    shapes.push({ kind: "text", x: 0, y: y(color) + 1, text: `color ${color}`, style: "bold" });
    shapes.push({ kind: "text", x: 0, y: y(color) + 2, text: `size ${groupSize}`, ink: "soft", style: "small" });
  }
  for (const { rank, color, groupRank } of members) {
    const middle = x(rank) + 4;
    shapes.push({ kind: "line", points: [[middle, 2], [middle, y(color)]], ink: rank, arrow: true }); // biome-ignore format: one point after the other
    shapes.push(...rankBox(rank, x(rank), 0, 9, [`rank ${rank}`]));
    shapes.push(...rankBox(rank, x(rank), y(color), 9, [`rank ${groupRank}`, `was ${rank}`]));
    shapes.push({
      kind: "text",
      x: middle - 1,
      y: 4,
      text: `says ${color}`,
      anchor: "end",
      ink: "soft",
      style: "small",
    });
  }
  const last = members[members.length - 1];
  const about = `A world of ${members.length} ranks is split by color into ${colors.length} groups: world rank ${last.rank} is rank ${last.groupRank} of its group`;
  return { title, about, width: x(members.length) - 1, height: y(colors[colors.length - 1]) + 5, shapes };
}

/** A grid of ranks whose rows are one split's groups, and whose columns another's. */
export function gridScene(rows: readonly Member[], columns: readonly Member[], title: string): Scene {
  const across = Math.max(...columns.map(({ color }) => color)) + 1;
  const down = Math.max(...rows.map(({ color }) => color)) + 1;
  const left = 5;
  const width = left + 14 * across;
  const shapes: Shape[] = [];
  for (let row = 0; row < down; row++) {
    shapes.push({ kind: "box", x: 0, y: 3 + 8 * row, width, height: 7, fill: "panel", ink: "soft" });
    shapes.push({ kind: "text", x: 1, y: 5 + 8 * row, text: "row", style: "bold" });
    shapes.push({ kind: "text", x: 2, y: 6 + 8 * row, text: `${row}`, style: "bold" });
  }
  for (let column = 0; column < across; column++) {
    const x = left + 14 * column;
    shapes.push({ kind: "box", x, y: 1, width: 13, height: 8 * down + 3, dashed: true, ink: "ink" });
    shapes.push({ kind: "text", x: x + 6, y: 0, text: `column ${column}`, anchor: "middle", style: "bold" });
  }
  rows.forEach(({ rank, color: row, groupRank: inRow }, i) => {
    const { color: column, groupRank: inColumn } = columns[i];
    const lines = [`rank ${rank}`, `${inRow} in row`, `${inColumn} in col.`];
    shapes.push(...rankBox(rank, left + 14 * column + 1, 4 + 8 * row, 11, lines));
  });
  const about = `${rows.length} ranks as a grid of ${down} by ${across}: each is in one row group and one column group, with a rank in both`;
  return { title, about, width, height: 8 * down + 4, shapes };
}
