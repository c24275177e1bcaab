/** Described machines, and algorithms on virtual time. */

export { type AlphaBeta, crossings, fitAlphaBeta, type Timing, type Winner, winners } from "./fit.ts";
export { type HostFiles, type HostTopology, readHost } from "./host.ts";
export {
  type LaidAlgorithm,
  type Layout,
  type Load,
  laidAlgorithms,
  layOn,
  type Prediction,
  type ProtocolChoice,
  predict,
} from "./layout.ts";
export {
  type Hop,
  hopName,
  type Machine,
  type MachineDevice,
  nodesOf,
  ranksOf,
} from "./machine.ts";
export { coresMachine, describedMachine, type MachineName, machineNames } from "./machines.ts";
export { machineOfTopology, parseTopology, type TopologyMatrix } from "./nvidia.ts";
export { type LinkPart, type PartName, parts } from "./parts.ts";
export { type Protocol, protocols } from "./protocols.ts";
export { networkOf, Router, wayBetween } from "./routes.ts";
export { type Route, runVirtual, uniformNetwork, type VirtualNetwork, type VirtualRun } from "./virtual.ts";
