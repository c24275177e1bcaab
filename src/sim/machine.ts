/** A machine as a graph of devices and links. */
import type { LinkPart } from "./parts.ts";

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
  /** The devices that a message between two ranks passes, ends included, where a rule tells them. */
  readonly rule?: (from: string, to: string) => readonly string[] | undefined;
  /** Whether its NVSwitch can add (NVLink SHARP). */
  readonly adds?: boolean;
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

/** One direction of a link. */
export function hopName({ from, to }: Pick<Hop, "from" | "to">): string {
  return `${from} → ${to}`;
}
