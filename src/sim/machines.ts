/** Described machines: DGX A100 and H100, several of them on rails, a box with PCIe only, a laptop, a row of servers. */
import { dgx, dgxMachine } from "./dgx.ts";
import type { Machine, MachineDevice, MachineLink } from "./machine.ts";
import { parts } from "./parts.ts";

/** Names that `describedMachine` knows. */
export const machineNames = ["dgx-a100", "dgx-h100", "pcie-box", "laptop", "ethernet"] as const;
/** One of `machineNames`. */
export type MachineName = (typeof machineNames)[number];

/** Most nodes of a described machine: 16,384 GPUs in nodes of eight. */
const MOST = 2048;

/** @param nodes how many of it, joined by its network. @throws RangeError for a laptop or a box with several nodes. */
export function describedMachine(name: MachineName, nodes = 1): Machine {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MOST)
    throw new RangeError(`${nodes} nodes: give 1 to ${MOST.toLocaleString("en")}.`);
  if (name === "dgx-a100" || name === "dgx-h100") return dgxMachine(dgx[name], nodes);
  if (name === "ethernet") return ethernet(nodes === 1 ? 4 : nodes);
  if (nodes > 1)
    throw new RangeError(`A ${name} stands alone: only the dgx machines and ethernet come as several nodes.`);
  return name === "laptop" ? coresMachine(4) : pcieBox();
}

function pcieBox(): Machine {
  const devices: MachineDevice[] = [0, 1].map((i) => ({ name: `CPU ${i}`, kind: "cpu", node: 0 }));
  const links: MachineLink[] = [{ a: "CPU 0", b: "CPU 1", part: parts.upi }];
  const cpuOf = new Map<string, string>();
  for (let i = 0; i < 4; i++) {
    const [gpu, cpu] = [`GPU ${i}`, `CPU ${i >> 1}`];
    devices.push({ name: gpu, kind: "gpu", node: 0 });
    links.push({ a: cpu, b: gpu, part: parts.pcie4 });
    cpuOf.set(gpu, cpu);
  }
  const rule = (from: string, to: string): readonly string[] | undefined => {
    const [near, far] = [cpuOf.get(from), cpuOf.get(to)];
    if (!near || !far) return undefined;
    return near === far ? [from, near, to] : [from, near, far, to];
  };
  return { name: "PCIe box", about: "4 GPUs in PCIe 4 slots of two sockets, without NVLink", devices, links, rule };
}

/** Cores that share one memory. */
export function coresMachine(count: number): Machine {
  const devices: MachineDevice[] = [{ name: "memory", kind: "memory", node: 0 }];
  const links: MachineLink[] = [];
  for (let i = 0; i < count; i++) {
    devices.push({ name: `core ${i}`, kind: "core", node: 0 });
    links.push({ a: "memory", b: `core ${i}`, part: parts.memory });
  }
  return {
    name: `${count} core${count === 1 ? "" : "s"}`,
    about: "cores that share one memory: what this course runs on",
    devices,
    links,
    rule: (from, to) => (from === "memory" || to === "memory" ? [from, to] : [from, "memory", to]),
  };
}

function ethernet(nodes: number): Machine {
  const devices: MachineDevice[] = [{ name: "switch", kind: "switch", node: -1 }];
  const links: MachineLink[] = [];
  const cardOf = new Map<string, string>();
  for (let node = 0; node < nodes; node++) {
    const [gpu, card] = [`node ${node} GPU 0`, `node ${node} NIC 0`];
    devices.push({ name: gpu, kind: "gpu", node }, { name: card, kind: "nic", node });
    links.push({ a: gpu, b: card, part: parts.pcie4 }, { a: card, b: "switch", part: parts.eth100 });
    cardOf.set(gpu, card);
  }
  const rule = (from: string, to: string): readonly string[] | undefined => {
    const [near, far] = [cardOf.get(from), cardOf.get(to)];
    return near && far ? [from, near, "switch", far, to] : undefined;
  };
  return { name: `${nodes} servers`, about: "one GPU each, joined by 100 Gb Ethernet", devices, links, rule };
}
