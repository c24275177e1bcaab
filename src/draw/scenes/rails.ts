/**
 * Two nodes on rails: each GPU's network card hangs on the switch of its number, and one pair's way
 * over its rail is marked. Simplified: what lies between a GPU and its card is left out.
 */
import { type Machine, nodesOf, ranksOf } from "../../sim/machine.ts";
import { wayBetween } from "../../sim/routes.ts";
import type { Ink, Point, Scene, Shape } from "../scene.ts";

const PITCH = 7;
/** Rows of the first node's NVSwitch, GPUs and cards, of the rails, and of the second node's. */
const rows = { nvswitch: [1, 29], gpu: [5, 25], nic: [9, 21], frame: [0, 20], rail: 15 } as const;

/** What a message between two GPUs of equal number passes. */
interface Rail {
  readonly cards: readonly [string, string];
  readonly rail: string;
}

/**
 * @param machine of two nodes with equally many GPUs. @param marked the number of the GPUs whose way is shown.
 * @throws RangeError where a GPU does not reach its partner over a card on each side and one switch.
 */
export function railsScene(machine: Machine, marked: number): Scene {
  const ranks = ranksOf(machine);
  const [near, far] = nodesOf(machine);
  const kinds = new Map(machine.devices.map(({ name, kind }) => [name, kind]));
  const ways = near.map((rank, i): Rail => {
    const passed = wayBetween(machine, ranks[rank].name, ranks[far[i]].name).map(({ to }) => to);
    const cards = passed.filter((name) => kinds.get(name) === "nic");
    const switches = passed.filter((name) => kinds.get(name) === "switch");
    if (cards.length !== 2 || switches.length !== 1)
      throw new RangeError(`${ranks[rank].name} reaches its partner by way of ${passed.join(", ")}: no rail.`);
    return { cards: [cards[0], cards[1]], rail: switches[0] };
  });
  const width = near.length * PITCH + 2;
  const short = (name: string): string => name.replace(/^node \d+ /, "");
  const left = (name: string): number => 1 + PITCH * Number(/\d+$/.exec(name)?.[0] ?? 0);
  const shapes: Shape[] = [];
  for (const node of [0, 1]) {
    shapes.push({ kind: "box", x: 0, y: rows.frame[node], width, height: 13, fill: "panel" });
    shapes.push({ kind: "box", x: 1, y: rows.nvswitch[node], width: width - 2, height: 3 });
    const text = `node ${node}: NVSwitch`;
    shapes.push({ kind: "text", x: Math.floor(width / 2), y: rows.nvswitch[node] + 1, text, anchor: "middle" });
  }
  const box = (name: string, y: number, ink: Ink | undefined): void => {
    const look = ink === undefined ? ({ ink: "soft" } as const) : ({ ink, fill: ink } as const);
    shapes.push({ kind: "box", x: left(name), y, width: PITCH, height: 3, ...look });
    const middle = left(name) + 3;
    shapes.push({ kind: "text", x: middle, y: y + 1, text: short(name), anchor: "middle", style: "small", ink: ink ?? "soft" }); // biome-ignore format: one text
  };
  const line = (from: string, to: string, top: number, bottom: number, ink: Ink | undefined): void => {
    const points: Point[] = [
      [left(from) + 3, top],
      [left(to) + 3, bottom],
    ];
    shapes.push({ kind: "line", points, ink: ink ?? "soft", thick: ink === undefined ? 1.2 : 3.4 });
  };
  // The marked way comes last, so that it lies above the others.
  for (const i of [...ways.keys()].sort((a, b) => Number(a === marked) - Number(b === marked))) {
    const { cards, rail } = ways[i];
    const ink = i === marked ? i : undefined;
    const gpus = [ranks[near[i]].name, ranks[far[i]].name];
    line(gpus[0], gpus[0], rows.nvswitch[0] + 2, rows.gpu[0], undefined);
    line(gpus[0], cards[0], rows.gpu[0] + 2, rows.nic[0], ink);
    line(cards[0], rail, rows.nic[0] + 2, rows.rail, ink);
    line(rail, cards[1], rows.rail + 2, rows.nic[1], ink);
    line(cards[1], gpus[1], rows.nic[1] + 2, rows.gpu[1], ink);
    line(gpus[1], gpus[1], rows.gpu[1] + 2, rows.nvswitch[1], undefined);
    gpus.forEach((name, node) => void box(name, rows.gpu[node], ink));
    cards.forEach((name, node) => void box(name, rows.nic[node], ink));
    box(rail, rows.rail, ink);
  }
  const title = `GPU ${marked} reaches GPU ${marked} of the next node over rail ${/\d+$/.exec(ways[marked].rail)?.[0]}`;
  const about = `Two nodes of ${near.length} GPUs: each GPU's card hangs on a switch of its own number, its rail; the way of GPU ${marked} is marked`;
  return { title, about, width, height: 33, shapes };
}
