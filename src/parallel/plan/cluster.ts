/**
 * Machines as a plan sees them: a device's speed and memory, a link within a node, and one between nodes. Figures are their
 * makers'; what is reached of them stands in `reached.ts`.
 */
import { type LinkPart, parts } from "../../sim/parts.ts";
import { type KernelsReach, kernels } from "./reached.ts";

/** A GPU. */
export interface PlannedDevice {
  readonly name: string;
  /** Dense products of 16-bit numbers, operations per second. */
  readonly flops: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes per second. */
  readonly bandwidth: number;
  /** Units that each compute a tile of a product. */
  readonly units: number;
  /** What kernels reach of its operations. */
  readonly reach: KernelsReach;
  readonly source: string;
}

const a100 = "NVIDIA A100 Tensor Core GPU Architecture, whitepaper, 2020";
const h100 = "NVIDIA H100 Tensor Core GPU Architecture, whitepaper, 2022";

/** GPUs by name. */
export const plannedDevices = {
  "a100-40": {
    ...{ name: "A100 40 GB", flops: 312e12, memory: 40e9, bandwidth: 1555e9, units: 108, reach: kernels.ampere },
    source: `${a100}: 312 TFLOP/s of bf16, 40 GB at 1555 GB/s, 108 SMs`,
  },
  "a100-80": {
    ...{ name: "A100 80 GB", flops: 312e12, memory: 80e9, bandwidth: 2039e9, units: 108, reach: kernels.ampere },
    source: "NVIDIA A100 80GB SXM datasheet, 2021: 312 TFLOP/s of bf16, 80 GB at 2039 GB/s, 108 SMs",
  },
  "h100-80": {
    ...{ name: "H100 80 GB", flops: 989e12, memory: 80e9, bandwidth: 3350e9, units: 132, reach: kernels.hopper },
    source: `${h100}, and datasheet: 989 TFLOP/s of bf16 (SXM5, dense), 80 GB at 3.35 TB/s, 132 SMs`,
  },
} as const satisfies Record<string, PlannedDevice>;

/** Nodes of one kind. */
export interface PlannedCluster {
  readonly name: string;
  readonly device: PlannedDevice;
  /** Devices of a node. */
  readonly perNode: number;
  /** Between devices of a node. */
  readonly inside: LinkPart;
  /** From a device to another node: each has a card of its own in these machines. */
  readonly outside: LinkPart;
}

/** Machines by name, with the links that `worldsize/sim` describes. */
export const plannedClusters = {
  "dgx-a100": {
    name: "DGX A100",
    device: plannedDevices["a100-80"],
    perNode: 8,
    inside: parts.nvlink3,
    outside: parts.hdr200,
  },
  "dgx-a100-40": {
    ...{ name: "DGX A100, 40 GB", device: plannedDevices["a100-40"], perNode: 8 },
    ...{ inside: parts.nvlink3, outside: parts.hdr200 },
  },
  "dgx-h100": {
    name: "DGX H100",
    device: plannedDevices["h100-80"],
    perNode: 8,
    inside: parts.nvlink4,
    outside: parts.ndr400,
  },
  ethernet: {
    ...{ name: "servers with one A100 each", device: plannedDevices["a100-80"], perNode: 1 },
    ...{ inside: parts.pcie4, outside: parts.eth100 },
  },
} as const satisfies Record<string, PlannedCluster>;

/** One of `plannedClusters`. */
export type ClusterName = keyof typeof plannedClusters;
/** All names. */
export const plannedClusterNames = Object.keys(plannedClusters) as ClusterName[];
