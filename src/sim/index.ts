/** Described machines, and algorithms on virtual time. */

export { type AlphaBeta, crossings, fitAlphaBeta, type Timing, type Winner, winners } from "./fit.ts";
export { type HostFiles, type HostTopology, readHost } from "./host.ts";
export { type Layout, type Load, layOn, predict } from "./layout.ts";
export {
  type Hop,
  hopName,
  type Machine,
  type MachineDevice,
  networkOf,
  nodesOf,
  ranksOf,
  wayBetween,
} from "./machine.ts";
export { coresMachine, describedMachine, type MachineName, machineNames } from "./machines.ts";
export { machineOfTopology, parseTopology, type TopologyMatrix } from "./nvidia.ts";
export { type LinkPart, type PartName, parts } from "./parts.ts";
export { type Route, runVirtual, uniformNetwork, type VirtualNetwork, type VirtualRun } from "./virtual.ts";
