/** A machine as lines of text: the tree that its devices hang in, then the links that cross it. */
import type { Machine, MachineLink } from "../sim/machine.ts";

/** Devices that hold others, from the outside in. */
const holders = ["switch", "cpu", "memory", "pcie"] as const;

/** @param marked links (`GPU 0 → NVSwitch`) to mark as the bottleneck: all of the busiest. @returns the lines. */
export function machineText(whole: Machine, marked: string | readonly string[] = []): string[] {
  const bad = new Set(typeof marked === "string" ? [marked] : marked);
  // Nodes are alike: the first stands for all.
  const nodes = 1 + whole.devices.reduce((last, { node }) => Math.max(last, node), 0);
  const far = new Set(whole.devices.flatMap(({ name, node }) => (node > 0 ? [name] : [])));
  const near = whole.links.filter(({ a, b }) => !(far.has(a) && far.has(b)));
  const machine = { ...whole, devices: whole.devices.filter(({ name }) => !far.has(name)), links: near };
  const kind = new Map(machine.devices.map(({ name, kind: k }) => [name, k]));
  const level = (name: string): number => {
    const at = holders.indexOf(kind.get(name) as "cpu");
    return at < 0 ? holders.length : at;
  };
  // A link between levels hangs one device on the other; links within a level, and those of an NVSwitch, cross the tree.
  const children = new Map<string, MachineLink[]>();
  const crossing: MachineLink[] = [];
  const hung = new Set<string>();
  for (const link of machine.links) {
    const [outer, inner] = level(link.a) <= level(link.b) ? [link.a, link.b] : [link.b, link.a];
    const nv = kind.get(link.a) === "nvswitch" || kind.get(link.b) === "nvswitch";
    const between = kind.get(outer) === "switch";
    if (nv || between || level(outer) === level(inner) || hung.has(inner)) {
      crossing.push(link);
      continue;
    }
    hung.add(inner);
    children.set(outer, [...(children.get(outer) ?? []), link]);
  }
  const alike = nodes > 1 ? [`├─ ${nodes > 2 ? `nodes 1 to ${nodes - 1}` : "node 1"}: the same`] : [];
  const roots = machine.devices.filter(({ name, kind: k }) => !hung.has(name) && (k === "cpu" || k === "memory"));
  const isMarked = ({ a, b }: MachineLink): boolean => bad.has(`${a} → ${b}`) || bad.has(`${b} → ${a}`);
  const note = (link: MachineLink): string =>
    `${link.part.name}, ${speed(link)}${isMarked(link) ? "  ◀ bottleneck" : ""}`;
  const lines = [machine.name];
  const draw = (name: string, prefix: string): void => {
    const below = children.get(name) ?? [];
    below.forEach((link, i) => {
      const child = level(link.a) > level(link.b) ? link.a : link.b;
      const last = i === below.length - 1;
      lines.push(`${prefix}${last ? "└" : "├"}─ ${child}  (${note(link)})`);
      draw(child, `${prefix}${last ? "   " : "│  "}`);
    });
  };
  for (const { name } of roots) {
    lines.push(`├─ ${name}`);
    draw(name, "│  ");
  }
  lines.push(...alike);
  for (const [text, links] of grouped(crossing)) {
    lines.push(`├─ ${text}${bottleneck(links, links.filter(isMarked), bad)}`);
  }
  const at = lines.length - 1;
  if (at > 0) lines[at] = lines[at].replace(/^├/, "└");
  return lines;
}

/** Crossing links of the same kind in one line: `NVSwitch: GPU 0, GPU 1, … (NVLink 4 × 18, 450 GB/s)`. */
function grouped(links: readonly MachineLink[]): [string, MachineLink[]][] {
  const hubs = new Map<string, MachineLink[]>();
  const pairs: [string, MachineLink[]][] = [];
  const count = new Map<string, number>();
  for (const { a, b } of links) for (const name of [a, b]) count.set(name, (count.get(name) ?? 0) + 1);
  for (const link of links) {
    const hub = [link.a, link.b].reduce((x, y) => ((count.get(x) ?? 0) >= (count.get(y) ?? 0) ? x : y));
    if ((count.get(hub) ?? 0) < 2) pairs.push([`${link.a} ── ${link.b}  (${link.part.name}, ${speed(link)})`, [link]]);
    else hubs.set(`${hub}|${link.part.name}`, [...(hubs.get(`${hub}|${link.part.name}`) ?? []), link]);
  }
  const hubLines = [...hubs].map(([key, own]): [string, MachineLink[]] => {
    const [hub] = key.split("|");
    const others = own.map(({ a, b }) => (a === hub ? b : a));
    const names =
      others.length > 4 ? `${others.slice(0, 3).join(", ")} … ${others.at(-1)} (${others.length})` : others.join(", ");
    return [`${hub} ══ ${names}  (${own[0].part.name}, ${speed(own[0])} each)`, own];
  });
  return [...pairs, ...hubLines];
}

/** What to say of the busiest among links that share a line: each of all, the one direction, or the ends of a few. */
function bottleneck(links: readonly MachineLink[], busiest: readonly MachineLink[], bad: ReadonlySet<string>): string {
  if (busiest.length === 0) return "";
  if (links.length === 1) return "  ◀ bottleneck";
  if (busiest.length === links.length) return `  ◀ bottleneck: each of ${links.length}`;
  const ways = busiest.flatMap(({ a, b }) => [`${a} → ${b}`, `${b} → ${a}`].filter((way) => bad.has(way)));
  if (ways.length < 4) return `  ◀ bottleneck: ${ways.join(", ")}`;
  return `  ◀ bottleneck: ${busiest.length} of ${links.length}, such as ${ways[0]}`;
}

/** `450 GB/s` */
function speed({ part }: MachineLink): string {
  return `${Number((part.bandwidth / 1e9).toPrecision(3))} GB/s`;
}
