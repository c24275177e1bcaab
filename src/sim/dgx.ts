/**
 * DGX A100 and DGX H100, as their user guides describe them, alone or several on rails. A node's four or six
 * NVSwitches are one device here: together they carry each GPU's whole bandwidth to any other.
 */
import type { Machine, MachineDevice, MachineLink } from "./machine.ts";
import { type LinkPart, parts } from "./parts.ts";

/** What sets the two apart. */
export interface DgxParts {
  readonly title: string;
  readonly about: string;
  readonly nvlink: LinkPart;
  readonly pcie: LinkPart;
  readonly rail: LinkPart;
  readonly socket: LinkPart;
  /** GPUs, and network cards, on each PCIe switch. */
  readonly each: 1 | 2;
  /** Whether the NVSwitches can add (NVLink SHARP). */
  readonly adds: boolean;
}

/**
 * Sources: DGX A100 user guide, and NVIDIA/nccl issue 1505, which shows `nvidia-smi topo -m` of one; DGX
 * H100 user guide, Table 6, which pairs each ConnectX-7 with one GPU, GPUs 0 to 3 on the first socket.
 */
export const dgx: Readonly<Record<"dgx-a100" | "dgx-h100", DgxParts>> = {
  "dgx-a100": {
    title: "DGX A100",
    about: "8 A100 on six NVSwitches; 4 PCIe switches with 2 GPUs and 2 cards of 200 Gb InfiniBand each; 2 EPYC 7742",
    nvlink: parts.nvlink3,
    pcie: parts.pcie4,
    rail: parts.hdr200,
    socket: parts.xgmi2,
    each: 2,
    adds: false,
  },
  "dgx-h100": {
    title: "DGX H100",
    about: "8 H100 on four NVSwitches, each with a card of 400 Gb InfiniBand behind the same PCIe switch; 2 Xeon 8480C",
    nvlink: parts.nvlink4,
    pcie: parts.pcie5,
    rail: parts.ndr400,
    socket: parts.upi2,
    each: 1,
    adds: true,
  },
};

/** A GPU's neighbours in its node. */
interface Place {
  readonly node: number;
  readonly gpu: number;
  readonly nvswitch: string;
  readonly pcie: string;
  readonly card: string;
  /** By rail: the card on the same PCIe switch, if there is one. */
  readonly cards: Readonly<Record<number, string>>;
}

/** Several nodes are joined by rails: the i-th card of every node hangs on the i-th switch, and a spine joins the rails. */
export function dgxMachine({ title, about, nvlink, pcie, rail, socket, each, adds }: DgxParts, nodes: number): Machine {
  const devices: MachineDevice[] = [];
  const links: MachineLink[] = [];
  const places = new Map<string, Place>();
  const link = (a: string, b: string, part: LinkPart): void => void links.push({ a, b, part });
  for (let node = 0; node < nodes; node++) {
    const own = (name: string): string => (nodes === 1 ? name : `node ${node} ${name}`);
    const add = (name: string, kind: MachineDevice["kind"]): string => {
      devices.push({ name: own(name), kind, node });
      return own(name);
    };
    const cpus = [0, 1].map((i) => add(`CPU ${i}`, "cpu"));
    link(cpus[0], cpus[1], socket);
    const switches = Array.from({ length: 8 / each }, (_, i) => add(`PCIe switch ${i}`, "pcie"));
    switches.forEach((name, i) => {
      link(cpus[Math.floor((2 * i) / switches.length)], name, pcie);
    });
    const nvswitch = add("NVSwitch", "nvswitch");
    for (let gpu = 0; gpu < 8; gpu++) {
      const first = gpu - (gpu % each);
      const cards = Object.fromEntries(Array.from({ length: each }, (_, i) => [first + i, own(`NIC ${first + i}`)]));
      const place = { node, gpu, nvswitch, pcie: switches[first / each], card: cards[gpu], cards };
      const name = add(`GPU ${gpu}`, "gpu");
      places.set(name, place);
      link(name, place.pcie, pcie);
      link(name, nvswitch, nvlink);
    }
    for (let i = 0; i < 8; i++) link(switches[Math.floor(i / each)], add(`NIC ${i}`, "nic"), pcie);
  }
  if (nodes > 1) {
    devices.push({ name: "spine", kind: "switch", node: -1 });
    for (let i = 0; i < 8; i++) {
      devices.push({ name: `rail ${i}`, kind: "switch", node: -1 });
      for (let node = 0; node < nodes; node++) link(`node ${node} NIC ${i}`, `rail ${i}`, rail);
      link(`rail ${i}`, "spine", { ...rail, name: `${rail.name} × ${nodes}`, bandwidth: rail.bandwidth * nodes });
    }
  }
  const name = nodes === 1 ? title : `${nodes} × ${title}`;
  return { name, about, devices, links, adds, rule: (from, to) => ruleOf(places, from, to) };
}

/**
 * Within a node over the NVSwitch; else out by the GPU's own card, along its rail, and in by the other's card. Where a
 * PCIe switch has two cards, a GPU is as near to its neighbour's: it takes the card that is on the other's rail.
 */
function ruleOf(places: ReadonlyMap<string, Place>, from: string, to: string): readonly string[] | undefined {
  const [near, far] = [places.get(from), places.get(to)];
  if (!near || !far || near === far) return undefined;
  if (near.node === far.node) return [from, near.nvswitch, to];
  const into = [`rail ${far.gpu}`, far.card, far.pcie, to];
  const twin = near.cards[far.gpu];
  return twin ? [from, near.pcie, twin, ...into] : [from, near.pcie, near.card, `rail ${near.gpu}`, "spine", ...into];
}
