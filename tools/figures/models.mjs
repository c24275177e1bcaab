// What two of the front page's pictures say: which parallelism helps when, and the levels of memory.

/** From the symptom to the remedy; the first that is the reader's own counts. */
export const decisions = [
  {
    symptom: "It fits; it is just slow",
    remedy: "data parallel",
    idea: "copy the model, split the data",
    where: "ch. 5",
  },
  { symptom: "Optimizer state does not fit", remedy: "ZeRO, FSDP", idea: "keep no copies, shard them", where: "ch. 5" },
  { symptom: "One layer does not fit", remedy: "tensor parallel", idea: "split each layer", where: "ch. 6" },
  {
    symptom: "The stack does not fit",
    remedy: "pipeline parallel",
    idea: "split the stack of layers",
    where: "ch. 7",
  },
  { symptom: "The experts do not fit", remedy: "expert parallel", idea: "spread the experts", where: "ch. 7" },
  {
    symptom: "The sequence does not fit",
    remedy: "context parallel",
    idea: "split the sequence",
    where: "ch. 6, 7",
  },
  { symptom: "Several of these", remedy: "a device mesh", idea: "one parallelism per axis", where: "ch. 7" },
];

/**
 * Levels of memory around an H100 SXM in a DGX H100, fastest first; links are of one direction. Bandwidths
 * and sizes: 132 SMs with 256 KB and 128 B per cycle each at 1.98 GHz, HBM3 and NVLink 4 from NVIDIA's "H100
 * Tensor Core GPU Architecture" (2022); L2 as measured on an H100 PCIe by Chips and Cheese, "Nvidia's H100:
 * Funny L2, and Tons of Bandwidth" (2023); host DRAM: 8 channels of DDR5 per socket, two modules in each, which
 * run at 4400 MT/s (Dell, "Memory Bandwidth for Next-Gen PowerEdge Servers", 2023), 8 bytes wide, 32 modules of
 * 64 GB (MLPerf's description of the system); PCIe, InfiniBand, Ethernet as in src/sim/parts.ts. Latencies of
 * hardware: 40, 281 and 690 cycles on a GH200 (M. Dewing, AI_kernels, latency/README.md), at 1.98 GHz; of NCCL:
 * hwLat of a ring with protocol LL, src/graph/tuning.cc. Where no source was found, none is given.
 */
export const levels = [
  {
    name: "L1, shared memory",
    bandwidth: 132 * 128 * 1.98e9,
    holds: "132 × 256 KB",
    latency: "20 ns",
    latencyOf: "hardware",
  },
  { name: "L2 cache", bandwidth: 5.5e12, holds: "50 MB", latency: "140 ns", latencyOf: "hardware" },
  { name: "HBM3", bandwidth: 3.35e12, holds: "80 GB", latency: "350 ns", latencyOf: "hardware" },
  { name: "NVLink 4", bandwidth: 450e9, holds: "7 other GPUs, 560 GB", latency: "0.6 µs", latencyOf: "NCCL, LL" },
  { name: "Host DRAM", bandwidth: 8 * 4.4e9 * 8, holds: "2 × 1 TB, for the CPU", latency: "", latencyOf: "" },
  { name: "PCIe 5 × 16", bandwidth: 63e9, holds: "GPU to host DRAM", latency: "1.0 µs", latencyOf: "NCCL, LL" },
  { name: "400 Gb InfiniBand", bandwidth: 50e9, holds: "other nodes", latency: "2.7 µs", latencyOf: "NCCL, LL" },
  { name: "NVMe, PCIe 5 × 4", bandwidth: 14e9, holds: "TBs per drive", latency: "", latencyOf: "" },
  { name: "100 Gb Ethernet", bandwidth: 12.5e9, holds: "other nodes", latency: "", latencyOf: "" },
];
