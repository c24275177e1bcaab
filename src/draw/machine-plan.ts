/**
 * Where a machine's devices and links are drawn. A row for each kind of device, ranks in the middle of
 * it all; network cards below the PCIe switches, so that no line passes behind a box it does not end at.
 * Two nodes of many ranks face each other, with the rails between them.
 */
import type { DeviceKind, Machine, MachineLink } from "../sim/machine.ts";
import { ranksOf } from "../sim/machine.ts";

/** A device's place: the middle of its box, in pixels. */
export interface PlacedBox {
  readonly name: string;
  readonly kind: DeviceKind;
  /** What stands in it, a line each. */
  readonly words: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A link's line, from edge to edge. */
export interface Wire {
  readonly link: MachineLink;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface MachinePlan {
  readonly width: number;
  readonly bottom: number;
  readonly boxes: readonly PlacedBox[];
  readonly wires: readonly Wire[];
  /** Where a node's name stands, if several are drawn. */
  readonly labels: readonly { readonly text: string; readonly y: number }[];
  /** Nodes that are not drawn, because they are like those that are. */
  readonly more: number;
}

/** Height of a box, and from row to row. */
export const BOX = 34;
const ROW = 72;
const TOP = 92;
const EDGE = 12;
/** Nodes of one rank that are drawn beside each other. */
const MOST = 8;

const levels: Readonly<Record<DeviceKind, number>> = {
  ...{ nvswitch: 0, memory: 0, gpu: 1, core: 1, pcie: 2, cpu: 3, nic: 3, switch: 4 },
};
/** Rows are filled from the ranks outwards, so that each stands near what it is linked with. */
const filled = [1, 7, 2, 6, 3, 5, 0, 8, 4];

/** @returns places for all devices and links that are drawn. */
export function planMachine(machine: Machine): MachinePlan {
  const nodes = 1 + machine.devices.reduce((last, { node }) => Math.max(last, node), 0);
  const facing = nodes > 1 && ranksOf(machine).length > nodes;
  const shown = facing ? 2 : Math.min(nodes, MOST);
  const devices = machine.devices.filter(({ node }) => node < shown);
  const level = new Map(
    devices.map(({ name, kind, node }) => [name, facing && node === 1 ? 8 - levels[kind] : levels[kind]]),
  );
  const links = machine.links.filter(({ a, b }) => level.has(a) && level.has(b));
  const rows = new Map<number, string[]>();
  for (const [name, at] of level) rows.set(at, [...(rows.get(at) ?? []), name]);
  const most = Math.max(...[...rows.values()].map(({ length }) => length));
  const inner = Math.max(464, most * 46);
  const box = Math.min(58, inner / most - 4);
  const x = across(rows, links, inner);

  // From top to bottom, with room for the bows of links inside a row.
  const used = [...rows.keys()].sort((a, b) => a - b);
  const inRow = links.filter(({ a, b }) => level.get(a) === level.get(b));
  const steps = ({ a, b }: MachineLink): number => {
    const row = rows.get(level.get(a) as number) as string[];
    return Math.abs(row.indexOf(a) - row.indexOf(b));
  };
  const bow = (link: MachineLink): number => Math.min(44, 6 + 6 * steps(link));
  const room = (at: number, side: number): number =>
    Math.max(0, ...inRow.filter(({ a }) => level.get(a) === at && sideOf(at) === side).map(bow));
  const y = new Map<number, number>();
  used.forEach((at, i) => {
    const before = i === 0 ? TOP : (y.get(used[i - 1]) as number) + ROW + room(used[i - 1], 1) * 0.7;
    y.set(at, before + room(at, -1) * 0.7);
  });

  const boxes = devices.map(({ name, kind }): PlacedBox => {
    const at = level.get(name) as number;
    const row = rows.get(at) as string[];
    const peers = links.flatMap(({ a, b }) => (a === name ? [b] : b === name ? [a] : []));
    const bar = row.length === 1 && peers.length > 2;
    const width = bar ? Math.max(...peers.map((peer) => x.get(peer) as number)) - Math.min(...peers.map((peer) => x.get(peer) as number)) + box : box; // biome-ignore format: one sum
    const plain = facing ? name.replace(/^node \d+ /, "") : name.replace(/^(node \d+) (.*)/, "$1\n$2");
    const words = plain.replace("PCIe switch", "PCIe").split(bar ? "\n" : plain.includes("\n") ? "\n" : / (?=\S+$)/);
    return { name, kind, words, x: x.get(name) as number, y: y.get(at) as number, width };
  });
  const placed = new Map(boxes.map((each) => [each.name, each]));
  const wires = links.map((link): Wire => {
    const [a, b] = [placed.get(link.a) as PlacedBox, placed.get(link.b) as PlacedBox];
    if (a.y === b.y) return { link, points: bowed(a, b, sideOf(level.get(link.a) as number) * bow(link)) };
    const [above, below] = a.y < b.y ? [a, b] : [b, a];
    return { link, points: wired(above, below, boxes) };
  });
  const last = used.at(-1) as number;
  const foot = (y.get(last) as number) + BOX / 2 + room(last, 1) * 0.7;
  // The first node is named above it, the second below.
  const labels = facing
    ? [
        { text: "node 0", y: (y.get(used[0]) as number) - BOX / 2 - 6 },
        { text: "node 1", y: foot + 14 },
      ]
    : [];
  return { width: inner + 2 * EDGE, bottom: facing ? foot + 14 : foot, boxes, wires, labels, more: nodes - shown };
}

/** Which way links inside a row bow: up above the ranks, and towards the network below them. */
function sideOf(level: number): 1 | -1 {
  return level <= 1 || level === 4 || level === 5 || level === 6 ? -1 : 1;
}

/** Where each device stands in its row: near the middle of what it is linked with, all equally far apart. */
function across(
  rows: ReadonlyMap<number, string[]>,
  links: readonly MachineLink[],
  inner: number,
): Map<string, number> {
  const x = new Map<string, number>();
  for (const at of filled) {
    const row = rows.get(at);
    if (!row) continue;
    const wish = new Map(
      row.map((name, i) => {
        const near = links.flatMap(({ a, b }) => {
          const peer = a === name ? b : b === name ? a : undefined;
          const place = peer === undefined ? undefined : x.get(peer);
          return place === undefined ? [] : [place];
        });
        const mean = near.reduce((sum, each) => sum + each, 0) / near.length;
        // Ranks stand in their order; a spine, which joins switches only, at the end.
        return [name, at === 1 || at === 7 ? i : near.length > 0 ? mean : Infinity];
      }),
    );
    row.sort((a, b) => (wish.get(a) === wish.get(b) ? 0 : (wish.get(a) as number) - (wish.get(b) as number)));
    row.forEach((name, i) => void x.set(name, EDGE + (inner * (i + 0.5)) / row.length));
  }
  return x;
}

/** A bow from one box to another in its row, outside all boxes. */
function bowed(a: PlacedBox, b: PlacedBox, height: number): Wire["points"] {
  const edge = a.y + (Math.sign(height) * BOX) / 2;
  return Array.from({ length: 17 }, (_, i) => {
    const t = i / 16;
    return [a.x + (b.x - a.x) * t, edge + height * 4 * t * (1 - t) * 0.7] as const;
  });
}

/** A line between rows, which goes through the gaps of rows in between. */
function wired(above: PlacedBox, below: PlacedBox, boxes: readonly PlacedBox[]): Wire["points"] {
  const [from, to] = [endOf(above, below), endOf(below, above)];
  const points: (readonly [number, number])[] = [[from, above.y + BOX / 2]];
  const between = [...new Set(boxes.map(({ y }) => y))].filter((y) => y > above.y && y < below.y).sort((a, b) => a - b);
  for (const y of between) {
    const row = boxes.filter((box) => box.y === y).sort((a, b) => a.x - b.x);
    const gaps = [row[0].x - row[0].width / 2 - 5, ...row.map(({ x, width }, i) => {
      const next = row[i + 1];
      return next ? (x + width / 2 + next.x - next.width / 2) / 2 : x + width / 2 + 5;
    })]; // biome-ignore format: one list
    const wish = from + ((to - from) * (y - above.y)) / (below.y - above.y);
    const gap = gaps.reduce((best, each) => (Math.abs(each - wish) < Math.abs(best - wish) ? each : best));
    points.push([gap, y - BOX / 2], [gap, y + BOX / 2]);
  }
  points.push([to, below.y - BOX / 2]);
  return points;
}

/** Where a line leaves a box: its middle, or straight above or below the other end if the box is as wide as that. */
function endOf(box: PlacedBox, other: PlacedBox): number {
  const half = box.width / 2 - 4;
  return box.width > 60 ? Math.min(box.x + half, Math.max(box.x - half, other.x)) : box.x;
}
