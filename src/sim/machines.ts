/** Described machines: DGX A100 and H100, several of them on rails, a box with PCIe only, a laptop, a row of servers. */
import type { Machine, MachineDevice, MachineLink } from "./machine.ts";
import { type LinkPart, parts } from "./parts.ts";

interface DgxParts {
  readonly title: string;
  readonly about: string;
  readonly nvlink: LinkPart;
  readonly pcie: LinkPart;
  readonly rail: LinkPart;
}

const dgx: Readonly<Record<"dgx-a100" | "dgx-h100", DgxParts>> = {
  "dgx-a100": {
    title: "DGX A100",
    about:
      "8 A100 on NVSwitch; 4 PCIe switches with 2 GPUs and 2 rails of 200 Gb InfiniBand each (DGX A100 user guide)",
    nvlink: parts.nvlink3,
    pcie: parts.pcie4,
    rail: parts.hdr200,
  },
  "dgx-h100": {
    title: "DGX H100",
    about: "8 H100 on NVSwitch; PCIe 5 to 8 rails of 400 Gb InfiniBand (DGX H100 user guide)",
    nvlink: parts.nvlink4,
    pcie: parts.pcie5,
    rail: parts.ndr400,
  },
};

/** Names that `describedMachine` knows. */
export const machineNames = ["dgx-a100", "dgx-h100", "pcie-box", "laptop", "ethernet"] as const;
/** One of `machineNames`. */
export type MachineName = (typeof machineNames)[number];

/** @param nodes how many of it, joined by its network. @throws RangeError for a laptop or a box with several nodes. */
export function describedMachine(name: MachineName, nodes = 1): Machine {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 64) throw new RangeError(`${nodes} nodes: give 1 to 64.`);
  if (name === "dgx-a100" || name === "dgx-h100") return dgxMachine(dgx[name], nodes);
  if (name === "ethernet") return ethernet(nodes === 1 ? 4 : nodes);
  if (nodes > 1)
    throw new RangeError(`A ${name} stands alone: only the dgx machines and ethernet come as several nodes.`);
  return name === "laptop" ? coresMachine(4) : pcieBox();
}

function dgxMachine({ title, about, nvlink, pcie, rail }: DgxParts, nodes: number): Machine {
  const devices: MachineDevice[] = [];
  const links: MachineLink[] = [];
  const link = (a: string, b: string, part: LinkPart): void => void links.push({ a, b, part });
  for (let node = 0; node < nodes; node++) {
    const own = (name: string): string => (nodes === 1 ? name : `node ${node} ${name}`);
    const add = (name: string, kind: MachineDevice["kind"]): string => {
      devices.push({ name: own(name), kind, node });
      return own(name);
    };
    const cpus = [0, 1].map((i) => add(`CPU ${i}`, "cpu"));
    link(cpus[0], cpus[1], parts.socket);
    const switches = [0, 1, 2, 3].map((i) => add(`PCIe switch ${i}`, "pcie"));
    switches.forEach((name, i) => {
      link(cpus[i >> 1], name, pcie);
    });
    const nvswitch = add("NVSwitch", "nvswitch");
    for (let i = 0; i < 8; i++) {
      const gpu = add(`GPU ${i}`, "gpu");
      link(gpu, switches[i >> 1], pcie);
      link(gpu, nvswitch, nvlink);
    }
    for (let i = 0; i < 8; i++) link(switches[i >> 1], add(`NIC ${i}`, "nic"), pcie);
  }
  if (nodes > 1) {
    // Rails: the i-th network card of every node hangs on the i-th switch; a spine joins the rails.
    devices.push({ name: "spine", kind: "switch", node: -1 });
    for (let i = 0; i < 8; i++) {
      devices.push({ name: `rail ${i}`, kind: "switch", node: -1 });
      for (let node = 0; node < nodes; node++) link(`node ${node} NIC ${i}`, `rail ${i}`, rail);
      link(`rail ${i}`, "spine", { ...rail, name: `${rail.name} × ${nodes}`, bandwidth: rail.bandwidth * nodes });
    }
  }
  return { name: nodes === 1 ? title : `${nodes} × ${title}`, about, devices, links };
}

function pcieBox(): Machine {
  const devices: MachineDevice[] = [0, 1].map((i) => ({ name: `CPU ${i}`, kind: "cpu", node: 0 }));
  const links: MachineLink[] = [{ a: "CPU 0", b: "CPU 1", part: parts.socket }];
  for (let i = 0; i < 4; i++) {
    devices.push({ name: `GPU ${i}`, kind: "gpu", node: 0 });
    links.push({ a: `CPU ${i >> 1}`, b: `GPU ${i}`, part: parts.pcie4 });
  }
  return { name: "PCIe box", about: "4 GPUs in PCIe 4 slots of two sockets, without NVLink", devices, links };
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
  };
}

function ethernet(nodes: number): Machine {
  const devices: MachineDevice[] = [{ name: "switch", kind: "switch", node: -1 }];
  const links: MachineLink[] = [];
  for (let node = 0; node < nodes; node++) {
    devices.push({ name: `node ${node} GPU 0`, kind: "gpu", node }, { name: `node ${node} NIC 0`, kind: "nic", node });
    links.push({ a: `node ${node} GPU 0`, b: `node ${node} NIC 0`, part: parts.pcie4 });
    links.push({ a: `node ${node} NIC 0`, b: "switch", part: parts.eth100 });
  }
  return { name: `${nodes} servers`, about: "one GPU each, joined by 100 Gb Ethernet", devices, links };
}
