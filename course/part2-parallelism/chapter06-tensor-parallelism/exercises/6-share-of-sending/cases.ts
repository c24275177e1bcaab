// What 6.6 is tried on: layers on ranks, and clusters with fast links inside a node. Times of messages come from the library's
// ring on virtual time, operations from a list of the products.
import { draws } from "worldsize/exercise";
import { runVirtual, type VirtualNetwork } from "worldsize/sim";

export interface Link {
  readonly alpha: number;
  readonly beta: number;
}

interface Size {
  readonly tokens: number;
  readonly width: number;
  readonly bytes: 2 | 4;
  readonly flops: number;
}

export interface Plan extends Size {
  readonly ranks: number;
  readonly link: Link;
  readonly overlap: boolean;
}

export interface Cluster extends Size {
  readonly heads: number;
  readonly perNode: number;
  readonly inside: Link;
  readonly between: Link;
}

const nvlink: Link = { alpha: 3e-6, beta: 1 / 450e9 };
const pcie: Link = { alpha: 6e-6, beta: 1 / 63e9 };
const network: Link = { alpha: 14e-6, beta: 1 / 50e9 };
const h100: Size = { tokens: 8192, width: 8192, bytes: 2, flops: 400e12 };

/** Half of the time is sending, on 8 ranks without latency: what is asked before. */
export const asked: Plan = {
  ...{ ranks: 8, tokens: 4096, width: 4096, bytes: 2, flops: 400e12, overlap: false },
  link: { alpha: 0, beta: (4.5 * 4096) / (7 * 400e12) },
};

/** Known ones first: each shows something of its own; the last four are drawn anew. */
export function plansOf(seed: number): Plan[] {
  const random = draws(seed);
  const base = { ...h100, ranks: 8, link: nvlink, overlap: false };
  return [
    base,
    { ...base, link: pcie },
    { ...base, ranks: 1 },
    { ...base, ranks: 2, bytes: 4 },
    { ...base, tokens: 16, width: 1024 }, // latency is what takes longest
    { ...base, overlap: true },
    { ...base, link: pcie, overlap: true }, // messages take longer than what could hide them
    { ...base, ranks: 3, width: 6144, link: { alpha: 0, beta: 1 / 200e9 }, overlap: true },
    ...Array.from({ length: 4 }, (_, i): Plan => {
      const ranks = 2 + Math.floor(7 * random());
      const width = ranks * 64 * (1 + Math.floor(16 * random()));
      const tokens = ranks * 16 * (1 + Math.floor(64 * random()));
      const link = { alpha: 1e-5 * random(), beta: (0.2 + random()) / 100e9 };
      return {
        ranks,
        tokens,
        width,
        bytes: random() < 0.5 ? 2 : 4,
        flops: 1e14 * (1 + random()),
        link,
        overlap: i % 2 === 0,
      };
    }),
  ];
}

export function clustersOf(seed: number): Cluster[] {
  const random = draws(seed, 1);
  const base = { ...h100, heads: 64, perNode: 8, inside: nvlink, between: network };
  return [
    base,
    { ...base, flops: 100e12 }, // slower ranks: a second node pays
    { ...base, inside: pcie },
    { ...base, tokens: 16, width: 512, heads: 8 }, // latency: one rank is all
    { ...base, heads: 12, perNode: 8 }, // 8 does not divide
    ...Array.from({ length: 3 }, (): Cluster => {
      const between = { alpha: 2e-5, beta: (1 + 4 * random()) / 50e9 };
      return {
        ...base,
        heads: 48,
        width: 1536 * (1 + Math.floor(5 * random())),
        flops: 1e14 * (1 + 4 * random()),
        between,
      };
    }),
  ];
}

/** Numbers of ranks that a cluster's heads allow. */
export const allowed = ({ heads }: Cluster): number[] =>
  Array.from({ length: heads }, (_, i) => i + 1).filter((ranks) => heads % ranks === 0);

/** Seconds of the library's ring on virtual time, on nodes of so many ranks. */
function ringSeconds(
  ranks: number,
  bytes: number,
  { inside, between, perNode }: Pick<Cluster, "inside" | "between" | "perNode">,
): number {
  if (ranks === 1) return 0;
  const node = (rank: number): number => Math.floor(rank / perNode);
  const nodes: number[][] = [];
  for (let rank = 0; rank < ranks; rank++) (nodes[node(rank)] ??= []).push(rank);
  const ring: VirtualNetwork = {
    size: ranks,
    nodes,
    link: between,
    route: (from, to) => (node(from) === node(to) ? inside : between),
  };
  return runVirtual(ring, "ring", Math.round(bytes / 4)).seconds;
}

/** What a layer is made of, in seconds. */
export interface Clock {
  readonly reduce: number;
  readonly sending: number;
  readonly forward: number;
  readonly computing: number;
  /** The gradients of the weights that are cut by columns: of q, k and v, and of up. */
  readonly weights: readonly [attention: number, mlp: number];
  readonly seconds: number;
}

/** A layer on ideal time: every product by itself. */
export function clockOf(plan: Plan): Clock {
  return clockOn(plan, { inside: plan.link, between: plan.link, perNode: plan.ranks });
}

export function clockOn(
  { ranks, tokens, width: h, bytes, flops, overlap }: Omit<Plan, "link">,
  links: Pick<Cluster, "inside" | "between" | "perNode">,
): Clock {
  const shapes: Record<string, readonly [out: number, in_: number]> = { q: [h, h], k: [h, h], v: [h, h], o: [h, h], up: [4 * h, h], down: [h, 4 * h] }; // biome-ignore format: a table
  const time = (...names: string[]): number =>
    names.reduce((sum, name) => sum + (2 * tokens * shapes[name][0] * shapes[name][1]) / ranks / flops, 0);
  const reduce = ringSeconds(ranks, tokens * h * bytes, links);
  const forward = time(...Object.keys(shapes));
  const [inputs, weightsAll] = [forward, forward];
  const weights = [time("q", "k", "v"), time("up")] as const;
  const [sending, computing] = [4 * reduce, forward + inputs + weightsAll];
  const hidden = overlap ? weights.reduce((sum, each) => sum + Math.min(each, reduce), 0) : 0;
  return { reduce, sending, forward, computing, weights, seconds: sending + computing - hidden };
}

/** The same on a cluster, without overlap. */
export function secondsOn(cluster: Cluster, ranks: number): number {
  return clockOn({ ...cluster, ranks, overlap: false }, cluster).seconds;
}
