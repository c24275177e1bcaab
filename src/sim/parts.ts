/**
 * Links that described machines are made of. Bandwidths are line rates per direction, in bytes per
 * second, as their makers state them; what a program reaches is less. Latencies are those that NCCL's
 * own model counts per hop of a ring, with the software on the way: they depend on the protocol a message is
 * sent by. What that model adds per collective (6.6, 14, 8.4 µs for LL, LL128, Simple) is left out here.
 */
import type { Protocol } from "./protocols.ts";

/** A kind of link. */
export interface LinkPart {
  readonly name: string;
  /** Bytes per second, each way. */
  readonly bandwidth: number;
  /** Seconds, by protocol. */
  readonly latency: Readonly<Record<Protocol, number>>;
  /** Where the numbers are from. */
  readonly source: string;
}

const GB = 1e9;
const US = 1e-6;

/** What NCCL's tuner works with for a ring. */
const tuning = "latency: NCCL 2.27, src/graph/tuning.cc, hwLatencies of a ring (LL, LL128, Simple)";
const nvlink = { simple: 3.4 * US, ll128: 1.9 * US, ll: 0.6 * US };
const pci = { simple: 5.7 * US, ll128: 2.5 * US, ll: 1 * US };
const net = { simple: 14 * US, ll128: 4 * US, ll: 2.7 * US };
/** Where NCCL's protocols do not apply. */
const always = (seconds: number) => ({ simple: seconds, ll128: seconds, ll: seconds });

/** Links of real machines: bandwidth and latency, each with its source. */
export const parts = {
  nvlink3: {
    name: "NVLink 3 × 12",
    bandwidth: 300 * GB,
    latency: nvlink,
    source: `NVIDIA A100 Tensor Core GPU Architecture, whitepaper, 2020: 12 links of 25 GB/s each way; ${tuning}`,
  },
  nvlink4: {
    name: "NVLink 4 × 18",
    bandwidth: 450 * GB,
    latency: nvlink,
    source: `NVIDIA H100 Tensor Core GPU Architecture, whitepaper, 2022: 18 links of 25 GB/s each way; ${tuning}`,
  },
  pcie4: {
    name: "PCIe 4 x16",
    bandwidth: 31.5 * GB,
    latency: pci,
    source: `PCI Express Base Specification 4.0: 16 GT/s × 16 lanes × 128/130 / 8; ${tuning}`,
  },
  pcie5: {
    name: "PCIe 5 x16",
    bandwidth: 63 * GB,
    latency: pci,
    source: `PCI Express Base Specification 5.0: 32 GT/s × 16 lanes × 128/130 / 8; ${tuning}`,
  },
  hdr200: {
    name: "200 Gb InfiniBand",
    bandwidth: 25 * GB,
    latency: net,
    source: `NVIDIA DGX A100 user guide: ConnectX-6, 200 Gbit/s per port; ${tuning}`,
  },
  ndr400: {
    name: "400 Gb InfiniBand",
    bandwidth: 50 * GB,
    latency: net,
    source: `NVIDIA DGX H100 user guide: ConnectX-7, 400 Gbit/s per port; ${tuning}`,
  },
  eth100: {
    name: "100 Gb Ethernet",
    bandwidth: 12.5 * GB,
    latency: always(30 * US),
    source: "IEEE 802.3ba (2010), 100 Gbit/s; latency: our assumption for TCP in a data centre",
  },
  upi: {
    name: "socket interconnect",
    bandwidth: 41.6 * GB,
    latency: pci,
    source: `Intel Xeon Scalable, 2nd generation: two links of 10.4 GT/s × 2 bytes, ideal: NCCL counts 10 GB/s for GPUs (src/graph/topo.h); ${tuning} of PCIe`,
  },
  upi2: {
    name: "socket interconnect, UPI 2.0",
    bandwidth: 128 * GB,
    latency: pci,
    source: `Intel Xeon Scalable, 4th generation: up to four links of 16 GT/s × 2 bytes, ideal: NCCL counts 22 GB/s for GPUs (src/graph/topo.h); ${tuning} of PCIe`,
  },
  xgmi2: {
    name: "socket interconnect, xGMI",
    bandwidth: 126 * GB,
    latency: pci,
    source: `AMD EPYC 7002: 64 lanes of PCIe 4 between two sockets (AnandTech, 2019), ideal: NCCL counts 16 GB/s for GPUs (src/graph/topo.h); ${tuning} of PCIe`,
  },
  memory: {
    name: "shared memory",
    bandwidth: 10 * GB,
    latency: always(1 * US),
    source: "our assumption for one core of a laptop; `worldsize bench all-reduce` measures yours",
  },
} as const satisfies Record<string, LinkPart>;

/** One of `parts`. */
export type PartName = keyof typeof parts;
