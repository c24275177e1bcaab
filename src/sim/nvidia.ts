/**
 * Reads what `nvidia-smi topo -m` prints: how GPUs and network cards of a node are joined.
 *
 *   NV#   that many NVLinks          PIX   at most one PCIe bridge      PXB   several bridges
 *   PHB   the CPU's host bridge      NODE  between host bridges of a NUMA node     SYS   between sockets
 */
import type { Machine, MachineDevice, MachineLink } from "./machine.ts";
import { type LinkPart, parts } from "./parts.ts";

/** Bytes a second of one NVLink each way: the same from generation 2 to 4. */
const ONE_NVLINK = 25e9;

/** What `nvidia-smi topo -m` prints, read. */
export interface TopologyMatrix {
  /** GPUs first, then network cards, as named there. */
  readonly names: readonly string[];
  /** `between[a][b]`: X, NV4, PIX, … */
  readonly between: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** NUMA node of each GPU, where it is told. */
  readonly numa: Readonly<Record<string, number>>;
}

/** @throws SyntaxError for text that is no such matrix. */
export function parseTopology(text: string): TopologyMatrix {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the header is underlined by escape sequences
  const lines = text.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  const top = lines.findIndex((line) => /^\s*GPU0\b/.test(line));
  if (top < 0) throw new SyntaxError("This is no output of `nvidia-smi topo -m`: no line names GPU0 as a column.");
  const header = lines[top].trim().split(/\t+|\s{2,}|\s(?=GPU|NIC|mlx)/);
  const names = header.filter((name) => /^(GPU\d+|NIC\d+|mlx\w+)$/.test(name.trim())).map((name) => name.trim());
  const between: Record<string, Record<string, string>> = {};
  const numa: Record<string, number> = {};
  for (const line of lines.slice(top + 1)) {
    const [name, ...cells] = line.trim().split(/\s+/);
    if (!names.includes(name)) continue;
    if (cells.length < names.length) {
      throw new SyntaxError(
        `The row of ${name} has ${cells.length} of the ${names.length} entries that there are columns for.`,
      );
    }
    between[name] = Object.fromEntries(names.map((column, i) => [column, cells[i]]));
    const odd = cells.slice(0, names.length).find((cell) => !/^(X|NV\d+|PIX|PXB|PHB|NODE|SYS)$/.test(cell));
    if (odd)
      throw new SyntaxError(`The row of ${name} has "${odd}", which is none of X, NV#, PIX, PXB, PHB, NODE, SYS.`);
    // Behind the matrix come the CPU affinity (such as 0-15,64-79) and the NUMA node.
    const tail = cells.slice(names.length).filter((cell) => cell !== "N/A");
    if (name.startsWith("GPU") && tail.length >= 2) numa[name] = Number.parseInt(tail[1], 10);
  }
  const missing = names.find((name) => !between[name]);
  if (missing) throw new SyntaxError(`${missing} is a column, but has no row: the output is cut off.`);
  return { names, between, numa };
}

/** The machine behind a matrix: PCIe switches and sockets as they must be, NVLinks, and an NVSwitch where links exceed what a GPU has. */
export function machineOfTopology(matrix: TopologyMatrix, pcie: LinkPart = parts.pcie4): Machine {
  const { names, between, numa } = matrix;
  const gpus = names.filter((name) => name.startsWith("GPU"));
  const devices: MachineDevice[] = [];
  const links: MachineLink[] = [];
  const title = (name: string): string => name.replace(/^(GPU|NIC)(\d+)$/, "$1 $2");
  // Devices that a PCIe switch joins: PIX or PXB between them.
  const groups: string[][] = [];
  for (const name of names) {
    const mates = groups.find((group) => group.some((other) => /^(PIX|PXB)$/.test(between[name][other])));
    if (mates) mates.push(name);
    else groups.push([name]);
  }
  const socketOf = new Map<string, number>();
  const sockets: string[][] = [];
  for (const group of groups) {
    let at = sockets.findIndex((socket) =>
      socket.some((other) =>
        group.some(
          (name) => /^(PHB|NODE|PIX|PXB)$/.test(between[name][other]) || (name in numa && numa[name] === numa[other]),
        ),
      ),
    );
    if (at < 0) at = sockets.push([]) - 1;
    sockets[at].push(...group);
    for (const name of group) socketOf.set(name, at);
  }
  sockets.forEach((_, i) => void devices.push({ name: `CPU ${i}`, kind: "cpu", node: 0 }));
  for (let i = 1; i < sockets.length; i++) links.push({ a: "CPU 0", b: `CPU ${i}`, part: parts.upi });
  groups.forEach((group, i) => {
    const cpu = `CPU ${socketOf.get(group[0])}`;
    const hub = group.length > 1 ? `PCIe switch ${i}` : cpu;
    if (group.length > 1) {
      devices.push({ name: hub, kind: "pcie", node: 0 });
      links.push({ a: cpu, b: hub, part: pcie });
    }
    for (const name of group) {
      devices.push({ name: title(name), kind: name.startsWith("GPU") ? "gpu" : "nic", node: 0 });
      links.push({ a: hub, b: title(name), part: pcie });
    }
  });
  const linksOf = (a: string, b: string): number => Number(/^NV(\d+)$/.exec(between[a][b])?.[1] ?? 0);
  const part = (count: number): LinkPart => ({
    ...parts.nvlink3,
    name: `NVLink × ${count}`,
    bandwidth: count * ONE_NVLINK,
  });
  // A GPU has at most 18 links; more than that to its peers together means that a switch fans them out.
  const most = Math.max(0, ...gpus.map((a) => gpus.reduce((sum, b) => sum + linksOf(a, b), 0)));
  if (most > 18) {
    devices.push({ name: "NVSwitch", kind: "nvswitch", node: 0 });
    for (const a of gpus) {
      const count = Math.max(...gpus.map((b) => linksOf(a, b)));
      if (count > 0) links.push({ a: title(a), b: "NVSwitch", part: part(count) });
    }
  } else {
    for (const [i, a] of gpus.entries()) {
      for (const b of gpus.slice(i + 1)) {
        if (linksOf(a, b) > 0) links.push({ a: title(a), b: title(b), part: part(linksOf(a, b)) });
      }
    }
  }
  return {
    name: `${gpus.length} GPU${gpus.length === 1 ? "" : "s"}`,
    about: "as nvidia-smi topo -m tells",
    devices,
    links,
  };
}
