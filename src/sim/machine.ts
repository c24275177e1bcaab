/** A machine as a graph of devices and links, and the ways messages take through it. */
import type { LinkPart } from "./parts.ts";
import type { Route, VirtualNetwork } from "./virtual.ts";

export type DeviceKind = "gpu" | "cpu" | "pcie" | "nvswitch" | "nic" | "switch" | "core" | "memory";

/** A device, a switch or a card of a machine. */
export interface MachineDevice {
  /** `GPU 3`; in machines of several nodes `node 1 GPU 3`. */
  readonly name: string;
  readonly kind: DeviceKind;
  /** Number of its node; -1 for what stands between nodes. */
  readonly node: number;
}

export interface MachineLink {
  /** Names of devices. */
  readonly a: string;
  readonly b: string;
  readonly part: LinkPart;
}

/** Devices, and the links between them. */
export interface Machine {
  readonly name: string;
  readonly about: string;
  readonly devices: readonly MachineDevice[];
  readonly links: readonly MachineLink[];
}

/** A link as a message goes over it. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly part: LinkPart;
}

/** Devices that ranks run on, in order: rank r is the r-th. */
export function ranksOf({ devices }: Machine): MachineDevice[] {
  return devices.filter(({ kind }) => kind === "gpu" || kind === "core");
}

/** Ranks of each node, in order. */
export function nodesOf(machine: Machine): number[][] {
  const nodes = new Map<number, number[]>();
  ranksOf(machine).forEach(({ node }, rank) => {
    const mates = nodes.get(node);
    if (mates) mates.push(rank);
    else nodes.set(node, [rank]);
  });
  return [...nodes.values()];
}

/**
 * The way from one device to another that takes the fewest seconds a byte, each link counted once,
 * and among equals the one of fewest links (Dijkstra, 1959). Accelerators hand nothing on.
 * @throws RangeError when there is none.
 */
export function wayBetween(machine: Machine, from: string, to: string): Hop[] {
  const kinds = new Map(machine.devices.map(({ name, kind }) => [name, kind]));
  const cost = new Map<string, number>([[from, 0]]);
  const via = new Map<string, Hop>();
  const open = new Set([from]);
  while (open.size > 0) {
    const at = [...open].reduce((a, b) => ((cost.get(a) as number) <= (cost.get(b) as number) ? a : b));
    open.delete(at);
    if (at === to) break;
    if (at !== from && (kinds.get(at) === "gpu" || kinds.get(at) === "core")) continue;
    for (const { a, b, part } of machine.links) {
      if (a !== at && b !== at) continue;
      const next = a === at ? b : a;
      const whole = (cost.get(at) as number) + 1 / part.bandwidth + 1e-13;
      if (whole >= (cost.get(next) ?? Infinity)) continue;
      cost.set(next, whole);
      via.set(next, { from: at, to: next, part });
      open.add(next);
    }
  }
  const way: Hop[] = [];
  for (let at = to; at !== from; at = way[0].from) {
    const hop = via.get(at);
    if (!hop) throw new RangeError(`${machine.name} has no way from ${from} to ${to}.`);
    way.unshift(hop);
  }
  return way;
}

/** A machine as the network that algorithms run over on virtual time. */
export function networkOf(machine: Machine): VirtualNetwork {
  const ranks = ranksOf(machine);
  const routes = new Map<number, Route>();
  return {
    size: ranks.length,
    nodes: nodesOf(machine),
    route(from, to) {
      const key = from * ranks.length + to;
      let route = routes.get(key);
      if (!route) {
        const way = wayBetween(machine, ranks[from].name, ranks[to].name);
        route = {
          alpha: Math.max(...way.map(({ part }) => part.latency)),
          beta: Math.max(...way.map(({ part }) => 1 / part.bandwidth)),
          shared: way.map((hop) => ({ name: hopName(hop), beta: 1 / hop.part.bandwidth })),
        };
        routes.set(key, route);
      }
      return route;
    },
  };
}

/** One direction of a link. */
export function hopName({ from, to }: Pick<Hop, "from" | "to">): string {
  return `${from} → ${to}`;
}
