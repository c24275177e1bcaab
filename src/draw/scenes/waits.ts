/** A deadlock as a cycle: ranks in a ring, and from each a red arrow to the one that it waits for. */
import type { RankTraffic } from "../../world/index.ts";
import type { Point, Scene, Shape } from "../scene.ts";

/** A rank that waits for another. */
export interface Wait {
  readonly rank: number;
  readonly waitsFor: number;
  /** `send(f32[2]) to rank 1` */
  readonly call: string;
  /** `starter.ts:18`, where known. */
  readonly site: string;
}

/** What a run's ranks wait for at its end: sends and receives that were called and are not done. */
export function waitsOf(traffic: readonly RankTraffic[]): Wait[] {
  return traffic.flatMap(({ operations }, rank) =>
    operations.flatMap(({ text, site, kind, done }) => {
      const peer = /(?:to|from) rank (\d+)/.exec(text);
      if (done || !peer || (kind !== "send" && kind !== "recv")) return [];
      return [{ rank, waitsFor: Number(peer[1]), call: text, site }];
    }),
  );
}

/** The first cycle among them, in the order of waiting; empty if there is none. */
export function cycleOf(waits: readonly Wait[]): Wait[] {
  for (const first of waits) {
    const way = [first];
    for (let at: Wait | undefined = first; at && way.length <= waits.length; ) {
      const next: Wait | undefined = waits.find(({ rank }) => rank === (at as Wait).waitsFor);
      if (next === first) return way;
      if (next) way.push(next);
      at = next;
    }
  }
  return [];
}

/** Where the boxes of a cycle's ranks stand, the ways from each to the next, and the places of their labels. */
interface Ring {
  readonly boxes: readonly Point[];
  readonly ways: readonly { readonly points: readonly Point[]; readonly label: Label }[];
  readonly height: number;
}

interface Label {
  readonly x: number;
  readonly rows: readonly [number, number, number];
  readonly anchor: "start" | "middle" | "end";
}

const BOX = { width: 11, height: 3 };
const WIDTH = 60;

const above: Label = { x: 30, rows: [0, 1, 3], anchor: "middle" };
const right: Label = { x: 52, rows: [5, 6, 7], anchor: "end" };
const left: Label = { x: 7, rows: [5, 6, 7], anchor: "start" };
const across = { points: [[11, 2], [48, 2]], label: above } as const; // biome-ignore format: a way

const rings: Readonly<Record<number, Ring>> = {
  2: {
    boxes: [[0, 1], [49, 1]], // biome-ignore format: corners
    ways: [
      across,
      { points: [[54, 4], [54, 7], [5, 7], [5, 4]], label: { x: 30, rows: [5, 6, 8], anchor: "middle" } }, // biome-ignore format: a way
    ],
    height: 9,
  },
  3: {
    boxes: [[0, 1], [49, 1], [25, 9]], // biome-ignore format: corners
    ways: [
      across,
      { points: [[54, 4], [54, 10], [36, 10]], label: right }, // biome-ignore format: a way
      { points: [[24, 10], [5, 10], [5, 4]], label: left }, // biome-ignore format: a way
    ],
    height: 12,
  },
  4: {
    boxes: [[0, 1], [49, 1], [49, 9], [0, 9]], // biome-ignore format: corners
    ways: [
      across,
      { points: [[54, 4], [54, 8]], label: right }, // biome-ignore format: a way
      { points: [[48, 10], [11, 10]], label: { x: 30, rows: [8, 9, 11], anchor: "middle" } }, // biome-ignore format: a way
      { points: [[5, 8], [5, 4]], label: left }, // biome-ignore format: a way
    ],
    height: 12,
  },
};

/** @param cycle of two to four ranks. @throws RangeError for another number of them. */
export function waitsScene(cycle: readonly Wait[], title: string): Scene {
  const ring = rings[cycle.length];
  if (!ring) throw new RangeError(`A cycle of ${cycle.length} ranks is not drawn: 2 to 4 are.`);
  const shapes = cycle.flatMap(({ rank, waitsFor, call, site }, i): Shape[] => {
    const [x, y] = ring.boxes[i];
    const { points, label } = ring.ways[i];
    const { anchor, rows } = label;
    const own: Shape[] = [
      { kind: "line", points, ink: "bad", arrow: true, thick: 2.2 },
      { kind: "box", x, y, ...BOX, ink: rank, fill: rank },
      { kind: "text", x: x + 5, y: y + 1, text: `rank ${rank}`, anchor: "middle", style: "bold", ink: rank },
      { kind: "text", x: label.x, y: rows[0], text: `waits for rank ${waitsFor}`, anchor, style: "small", ink: "soft" },
      { kind: "text", x: label.x, y: rows[1], text: call, anchor, style: "code", ink: "bad" },
    ];
    if (site) own.push({ kind: "text", x: label.x, y: rows[2], text: site, anchor, style: "small", ink: "soft" });
    return own;
  });
  const about = cycle
    .map(({ rank, waitsFor, call }) => `rank ${rank} waits for rank ${waitsFor} in ${call}`)
    .join("; ");
  return { title, about, width: WIDTH, height: ring.height, shapes };
}
