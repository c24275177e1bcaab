/**
 * The ways that messages take through a machine. A described machine tells them by rule, so that a
 * pair among 16,384 devices costs no more than among 16: its own card out, along its rail, in by the
 * other's card. A machine that was read from a file has no rule: there the cheapest way is searched,
 * and tests compare the rules with the search. Ways depend on names, never on the order in
 * which links are listed; among equal ones the sender's place in its node chooses, so that equal
 * links carry equal loads.
 */
import { type Hop, hopName, type Machine, type MachineLink, nodesOf, ranksOf } from "./machine.ts";
import { efficiency, type Protocol } from "./protocols.ts";
import type { Route, VirtualNetwork } from "./virtual.ts";

/** Gives ways through one machine. */
export class Router {
  readonly #machine: Machine;
  /** By device: its links, by the name of the device at the other end. */
  readonly #links = new Map<string, Map<string, MachineLink>>();
  /** By device: which of its node's ranks it is. */
  readonly #place = new Map<string, number>();
  readonly #ends: ReadonlySet<string>;

  constructor(machine: Machine) {
    this.#machine = machine;
    for (const link of machine.links) {
      this.#linksOf(link.a).set(link.b, link);
      this.#linksOf(link.b).set(link.a, link);
    }
    const ranks = ranksOf(machine);
    this.#ends = new Set(ranks.map(({ name }) => name));
    const count = new Map<number, number>();
    for (const { name, node } of ranks) {
      const place = count.get(node) ?? 0;
      this.#place.set(name, place);
      count.set(node, place + 1);
    }
  }

  /** By the machine's rule, or by search where it has none. @throws RangeError when there is no way. */
  way(from: string, to: string): Hop[] {
    const names = this.#machine.rule?.(from, to);
    return names ? this.#hops(names) : this.search(from, to);
  }

  /**
   * The way that takes the fewest seconds per byte, each link counted once, and among equals the one of
   * fewest links (Dijkstra, 1959). Accelerators hand nothing on.
   * @throws RangeError when there is none.
   */
  search(from: string, to: string): Hop[] {
    const cost = new Map<string, number>([[from, 0]]);
    const before = new Map<string, string[]>();
    const open = new Set([from]);
    while (open.size > 0) {
      const at = [...open].reduce((a, b) => ((cost.get(a) as number) <= (cost.get(b) as number) ? a : b));
      open.delete(at);
      if (at === to) break;
      if (at !== from && this.#ends.has(at)) continue;
      for (const [next, { part }] of this.#linksOf(at)) {
        const whole = (cost.get(at) as number) + 1 / part.bandwidth + 1e-13;
        const known = cost.get(next) ?? Infinity;
        if (Math.abs(whole - known) < 1e-18) before.get(next)?.push(at);
        if (whole > known - 1e-18) continue;
        cost.set(next, whole);
        before.set(next, [at]);
        open.add(next);
      }
    }
    const turn = this.#place.get(from) ?? 0;
    const names = [to];
    while (names[0] !== from) {
      const equal = [...(before.get(names[0]) ?? [])].sort(byName);
      if (equal.length === 0) throw new RangeError(`${this.#machine.name} has no way from ${from} to ${to}.`);
      names.unshift(equal[turn % equal.length]);
    }
    return this.#hops(names);
  }

  #hops(names: readonly string[]): Hop[] {
    return names.slice(1).map((to, i) => {
      const part = this.#links.get(names[i])?.get(to)?.part;
      if (!part) throw new RangeError(`${this.#machine.name} has no link from ${names[i]} to ${to}.`);
      return { from: names[i], to, part };
    });
  }

  #linksOf(name: string): Map<string, MachineLink> {
    let links = this.#links.get(name);
    if (!links) this.#links.set(name, (links = new Map()));
    return links;
  }
}

/** `NIC 2` before `NIC 10`. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** The way from one device to another. @throws RangeError when there is none. */
export function wayBetween(machine: Machine, from: string, to: string): Hop[] {
  return new Router(machine).way(from, to);
}

/** A machine as the network that algorithms run over on virtual time, by one of NCCL's protocols. */
export function networkOf(
  machine: Machine,
  protocol: Protocol = "simple",
  router = new Router(machine),
): VirtualNetwork {
  const ranks = ranksOf(machine);
  const nodes = nodesOf(machine);
  const routes = new Map<number, Route>();
  const route = (from: number, to: number): Route => {
    const key = from * ranks.length + to;
    let known = routes.get(key);
    if (!known) {
      known = routeOf(router.way(ranks[from].name, ranks[to].name), protocol);
      routes.set(key, known);
    }
    return known;
  };
  // Nodes are alike, and so are pairs of nodes: the first ones stand for all.
  const others = [...(nodes[0] ?? []), ...(nodes[1] ?? [])].slice(1).map((to) => route(0, to));
  const link = {
    alpha: Math.max(0, ...others.map(({ alpha }) => alpha)),
    beta: Math.max(0, ...others.map(({ beta }) => beta)),
  };
  return { size: ranks.length, nodes, link, route };
}

function routeOf(way: readonly Hop[], protocol: Protocol): Route {
  const shared = way.map((hop) => ({ name: hopName(hop), beta: 1 / (hop.part.bandwidth * efficiency[protocol]) }));
  return {
    alpha: Math.max(...way.map(({ part }) => part.latency[protocol])),
    beta: Math.max(...shared.map(({ beta }) => beta)),
    shared,
  };
}
