/**
 * Links that described machines are made of. Bandwidths are per direction, in bytes a second, as
 * their makers state them; what a program reaches is less. Latencies are of a small message
 * between two accelerators, with the software on the way.
 */

export interface LinkPart {
  readonly name: string;
  /** Bytes a second, each way. */
  readonly bandwidth: number;
  /** Seconds. */
  readonly latency: number;
  /** Where the figures are from. */
  readonly source: string;
}

const GB = 1e9;
const US = 1e-6;

/** NCCL's own estimates, which its tuner works with: ring, Simple protocol. */
const tuning = "latency: NCCL 2.19, src/graph/tuning.cc, hwLat";

/** Links of real machines: bandwidth and latency, each with its source. */
export const parts = {
  nvlink3: {
    name: "NVLink 3 × 12",
    bandwidth: 300 * GB,
    latency: 3.4 * US,
    source: `NVIDIA A100 Tensor Core GPU Architecture, whitepaper, 2020: 12 links of 25 GB/s each way; ${tuning}`,
  },
  nvlink4: {
    name: "NVLink 4 × 18",
    bandwidth: 450 * GB,
    latency: 3.4 * US,
    source: `NVIDIA H100 Tensor Core GPU Architecture, whitepaper, 2022: 18 links of 25 GB/s each way; ${tuning}`,
  },
  pcie4: {
    name: "PCIe 4 x16",
    bandwidth: 31.5 * GB,
    latency: 5.7 * US,
    source: `PCI Express Base Specification 4.0: 16 GT/s × 16 lanes × 128/130 / 8; ${tuning}`,
  },
  pcie5: {
    name: "PCIe 5 x16",
    bandwidth: 63 * GB,
    latency: 5.7 * US,
    source: `PCI Express Base Specification 5.0: 32 GT/s × 16 lanes × 128/130 / 8; ${tuning}`,
  },
  hdr200: {
    name: "200 Gb InfiniBand",
    bandwidth: 25 * GB,
    latency: 14 * US,
    source: `NVIDIA DGX A100 user guide: ConnectX-6, 200 Gbit/s a port; ${tuning}`,
  },
  ndr400: {
    name: "400 Gb InfiniBand",
    bandwidth: 50 * GB,
    latency: 14 * US,
    source: `NVIDIA DGX H100 user guide: ConnectX-7, 400 Gbit/s a port; ${tuning}`,
  },
  eth100: {
    name: "100 Gb Ethernet",
    bandwidth: 12.5 * GB,
    latency: 30 * US,
    source: "IEEE 802.3bm, 100 Gbit/s; latency: our assumption for TCP in a data centre, twice that of InfiniBand",
  },
  socket: {
    name: "socket interconnect",
    bandwidth: 41.6 * GB,
    latency: 5.7 * US,
    source: `Intel UPI, Xeon Scalable (2nd generation): two links of 10.4 GT/s, 20.8 GB/s each way; ${tuning}`,
  },
  memory: {
    name: "shared memory",
    bandwidth: 10 * GB,
    latency: 1 * US,
    source: "our assumption for one core of a laptop; `worldsize bench all-reduce` measures yours",
  },
} as const satisfies Record<string, LinkPart>;

/** One of `parts`. */
export type PartName = keyof typeof parts;
