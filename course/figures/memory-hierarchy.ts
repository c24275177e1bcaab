// The levels of memory around a GPU.
import { type Figure, ladderSvg, ladderText, type Rung } from "worldsize/draw";
import { type LinkPart, parts } from "worldsize/sim";

/**
 * Levels of memory around an H100 SXM in a DGX H100, fastest first; links are of one direction. Bandwidths
 * and sizes: 132 SMs with 256 KB and 128 B per cycle each at 1.98 GHz, and HBM3, from NVIDIA's "H100 Tensor Core
 * GPU Architecture" (2022); L2 as measured on an H100 PCIe by Chips and Cheese, "Nvidia's H100: Funny L2, and
 * Tons of Bandwidth" (2023); host DRAM: 8 channels of DDR5 per socket, 8 bytes wide, with two modules each, which
 * run at 4400 MT/s (Dell, "Memory Bandwidth for Next-Gen PowerEdge Servers", 2023), 2 TB in all; NVMe: what PCIe 5
 * drives of four lanes are sold for (Kioxia announced 14,000 MB/s in 2021). Links, and NCCL's latencies by its
 * protocol LL, as in src/sim/parts.ts. Latencies of hardware: 40, 291 and 700 cycles on an
 * H100 SXM (M. Dewing, AI_kernels, latency/README.md), at 1.98 GHz. Where no source was found, there is none.
 */
function levels(): Rung[] {
  const { nvlink4, pcie5, ndr400, eth100 } = parts;
  const hardware = (cycles: number) => ({
    latency: `${Number((cycles / 1.98).toPrecision(2))} ns`,
    latencyOf: "hardware",
  });
  const nccl = ({ bandwidth, latency }: LinkPart) => {
    return { bandwidth, latency: `${(latency.ll * 1e6).toFixed(1)} µs`, latencyOf: "NCCL, LL" };
  };
  const none = { latency: "", latencyOf: "" };
  return [
    { name: "L1, shared memory", bandwidth: 132 * 128 * 1.98e9, holds: "132 × 256 KB", ...hardware(40) },
    { name: "L2 cache", bandwidth: 5.5e12, holds: "50 MB", ...hardware(291) },
    { name: "HBM3", bandwidth: 3.35e12, holds: "80 GB", ...hardware(700) },
    { name: "NVLink 4", holds: "7 other GPUs, 560 GB", ...nccl(nvlink4) },
    { name: "Host DRAM", bandwidth: 8 * 8 * 4.4e9, holds: "2 × 1 TB, for the CPU", ...none },
    { name: "PCIe 5 × 16", holds: "GPU to host DRAM", ...nccl(pcie5) },
    { name: "400 Gb InfiniBand", holds: "other nodes", ...nccl(ndr400) },
    { name: "NVMe, PCIe 5 × 4", bandwidth: 14e9, holds: "TBs per drive", ...none },
    { name: "100 Gb Ethernet", bandwidth: eth100.bandwidth, holds: "other nodes", ...none },
  ];
}

const title = "What feeds an H100, from the inside out";

export const figure: Figure = {
  about: "Nine levels around an H100, from 33.5 TB/s on chip to 12.5 GB/s over Ethernet, with the factor of each step.",
  draw: () => ({
    title,
    about: title,
    text: () => ladderText(title, levels()),
    svg: () => ladderSvg(title, levels()),
  }),
};
