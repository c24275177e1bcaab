/**
 * What collectives take between ranks that lie on a mesh. A ring passes all devices of a node before it goes on to the next,
 * as NCCL's do, with as many rings as the group has devices in a node, each over a card of its own: so a group's bandwidth
 * between nodes is its devices' cards together, and within a node the device's own link (alpha-beta model, Hockney 1994; bytes
 * and steps of rings as in `world/algorithms/ring.ts`, to which tests compare them).
 */
import type { PlannedCluster } from "./cluster.ts";
import type { PlannedLayout } from "./layout.ts";
import type { Reached } from "./reached.ts";

/** Where a group's ranks lie. */
export interface PlannedGroup {
  readonly size: number;
  /** Its ranks in each node. */
  readonly local: number;
}

/** Axes of a mesh from the outermost; neighbours along the last one are neighbours in a node. */
const order = ["pp", "copies", "dp", "cp", "tp"] as const;
/** An axis of a planned mesh. */
export type PlannedAxis = (typeof order)[number];

/** The group along neighbouring axes, such as dp and cp. */
export function groupOver(layout: PlannedLayout, axes: readonly PlannedAxis[], perNode: number): PlannedGroup {
  const last = Math.max(...axes.map((axis) => order.indexOf(axis)));
  const stride = order.slice(last + 1).reduce((product, axis) => product * layout[axis], 1);
  const size = axes.reduce((product, axis) => product * layout[axis], 1);
  return { size, local: Math.max(1, Math.min(size, Math.floor(perNode / stride))) };
}

/** The ranks that share out the experts of a stage, innermost of it. */
export function expertGroup({ ep }: PlannedLayout, perNode: number): PlannedGroup {
  return { size: ep, local: Math.min(ep, perNode) };
}

/** Kinds of collectives. */
export type PlannedCollective = "allReduce" | "allGather" | "reduceScatter" | "allToAll";

/** Seconds of one. @param bytes of the whole tensor: what an allGather gives, and a reduceScatter takes. */
export function collectiveSeconds(
  kind: PlannedCollective,
  bytes: number,
  { size, local }: PlannedGroup,
  { inside, outside }: PlannedCluster,
  { links }: Reached,
): number {
  if (size <= 1) return 0;
  const nodes = Math.ceil(size / local);
  const share = (size - 1) / size;
  if (kind === "allToAll") {
    // Each sends every other its part: those in other nodes over its own card.
    const away = (size - local) / size;
    const time = Math.max(
      (away * bytes) / (outside.bandwidth * links),
      ((share - away) * bytes) / (inside.bandwidth * links),
    );
    return time + (nodes > 1 ? outside : inside).latency.simple * Math.ceil(Math.log2(size));
  }
  const speed = nodes > 1 ? Math.min(inside.bandwidth, local * outside.bandwidth) : inside.bandwidth;
  // A step around a ring waits for its slowest message, but only one of a node's goes out.
  const around = (nodes > 1 ? nodes * outside.latency.simple : 0) + (size - nodes) * inside.latency.simple;
  const once = (share * bytes) / (speed * links) + around;
  if (kind !== "allReduce") return once;
  // Small tensors go up and down a tree.
  const depth =
    Math.ceil(Math.log2(nodes)) * outside.latency.simple + Math.ceil(Math.log2(local)) * inside.latency.simple;
  return Math.min(2 * once, (2 * bytes) / (speed * links) + 2 * depth);
}

/** Seconds of a message from one device to one at this distance in the mesh. */
export function messageSeconds(
  bytes: number,
  stride: number,
  { perNode, inside, outside }: PlannedCluster,
  { links }: Reached,
): number {
  const link = stride >= perNode ? outside : inside;
  return link.latency.simple + bytes / (link.bandwidth * links);
}
