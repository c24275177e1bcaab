/** What others have written, as far as the course leans on it. Each was read; `says` is what it says there. */
import type { Source } from "./claim.ts";

export const h100: Source = {
  title: "NVIDIA H100 Tensor Core GPU Architecture, whitepaper",
  year: 2022,
  url: "https://resources.nvidia.com/en-us-tensor-core",
  says: "H100 SXM5: 132 SMs, 50 MB L2, 80 GB of HBM3 at 3.35 TB/s; 18 NVLinks of fourth generation, 25 GB/s each way per link: 900 GB/s in both directions together",
};

export const a100: Source = {
  title: "NVIDIA A100 Tensor Core GPU Architecture, whitepaper",
  year: 2020,
  url: "https://images.nvidia.com/aem-dam/en-zz/Solutions/data-center/nvidia-ampere-architecture-whitepaper.pdf",
  says: "12 NVLinks of third generation, 25 GB/s each way per link: 600 GB/s in both directions together",
};

export const hopper: Source = {
  title: "Luo et al., Benchmarking and Dissecting the Nvidia Hopper GPU Architecture",
  year: 2024,
  url: "https://arxiv.org/abs/2402.13499",
  says: "measured latency and throughput of L1, shared memory, L2 and global memory on an H100",
};

export const pcie5: Source = {
  title: "PCI-SIG, PCI Express Base Specification 5.0",
  year: 2019,
  url: "https://pcisig.com/specifications",
  says: "32 GT/s per lane with 128b/130b encoding: 63.0 GB/s each way over 16 lanes",
};

export const dgxH100: Source = {
  title: "NVIDIA DGX H100/H200 User Guide",
  year: 2023,
  url: "https://docs.nvidia.com/dgx/dgxh100-user-guide/introduction-to-dgxh100.html",
  says: "eight GPUs, four OSFP ports serving eight single-port ConnectX-7 at up to 400 Gb/s, one for each GPU (Table 6)",
};

export const ethernet: Source = {
  title: "IEEE Std 802.3ba",
  year: 2010,
  url: "https://standards.ieee.org/ieee/802.3ba/4252/",
  says: "Ethernet at 40 and 100 Gb/s, approved in June 2010",
};

export const nvme: Source = {
  title: "Samsung, SSD PM1743",
  year: 2021,
  url: "https://semiconductor.samsung.com/ssd/enterprise-ssd/pm1743/",
  says: "enterprise drive on four lanes of PCIe 5.0, sequential reads of about 14 GB/s",
};

export const performance: Source = {
  title: "nccl-tests, doc/PERFORMANCE.md",
  year: 2024,
  url: "https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md",
  says: "AllReduce: 2*(n-1)/n; ReduceScatter, AllGather, AlltoAll: (n-1)/n; Broadcast, Reduce: 1; with point-to-point operations",
};

export const busbwOfH100: Source = {
  title: "NVIDIA/nccl-tests, issue 212, H100 all reduce performance is poor",
  year: 2024,
  url: "https://github.com/NVIDIA/nccl-tests/issues/212",
  says: "450GB/s is the line rate … an effective NVLink bandwidth of 370GB/s … With NVLink SHARP … a peak busBw of ~480GB/s (algbw ~275GB/s) … 256M is too small to reach peak bandwidth",
};

export const ncclTimeout: Source = {
  title: "pytorch/pytorch, pull request 110947, Change ProcessGroupNCCL default timeout to 10 min",
  year: 2023,
  url: "https://github.com/pytorch/pytorch/pull/110947",
  says: "10 minutes for NCCL; 30 minutes stay the default of other backends such as gloo",
};

export const nccl24: Source = {
  title: "NVIDIA, Massively Scale Your Deep Learning Training with NCCL 2.4",
  year: 2019,
  url: "https://developer.nvidia.com/blog/massively-scale-deep-learning-training-nccl-2-4/",
  says: "NCCL 2.4 adds double binary trees",
};

/** Torch writes its flight recorder by default. */
export const dumpByDefault: Source = {
  title: "PyTorch, [c10d][fr] flight recorder improvements, pull request 143446",
  year: 2024,
  url: "https://github.com/pytorch/pytorch/pull/143446",
  says: "dumps are written by default upon timeout or exception; users need not opt in",
};

export const ncclTuning: Source = {
  title: "NCCL 2.27, src/graph/tuning.cc",
  year: 2025,
  url: "https://github.com/NVIDIA/nccl/blob/v2.27.5-1/src/graph/tuning.cc",
  says: "hwLat of a ring's step in µs, LL, LL128 and Simple: NVLink 0.6, 1.9, 3.4; PCI 1.0, 2.5, 5.7; network 2.7, 4.0, 14.0; a ring's base latency 6.6, 14.0, 8.4; LL on Hopper at most 141.0 GB/s; 3 protocols",
};

export const mpiModes: Source = {
  title: "The MPI standard, Point-to-Point Communication, Communication Modes",
  year: 2021,
  url: "https://www.mpi-forum.org/docs/",
  says: "a send is standard, buffered, synchronous or ready",
};

export const hockney: Source = {
  title: "Hockney, The communication challenge for MPP: Intel Paragon and Meiko CS-2, Parallel Computing 20",
  year: 1994,
  url: "https://doi.org/10.1016/S0167-8191(06)80021-9",
  says: "a message's time has two parameters: a start-up time, and an asymptotic bandwidth that its length is divided by",
};

export const gemma: Source = {
  title: "Gemma: Open Models Based on Gemini Research and Technology",
  year: 2024,
  url: "https://arxiv.org/abs/2403.08295",
  says: "a vocabulary of 256k tokens, that is, 256,000",
};

export const wasmSimd: Source = {
  title: "WebAssembly 128-bit packed SIMD extension",
  year: 2021,
  url: "https://github.com/WebAssembly/simd/blob/main/proposals/simd/SIMD.md",
  says: "v128, a value type of 128 bits",
};

export const zero: Source = {
  title: "Rajbhandari et al., ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
  year: 2020,
  url: "https://arxiv.org/abs/1910.02054",
  says: "mixed-precision Adam keeps 16 bytes per parameter: 2 + 2 for weights and gradients, 12 in 32 bits for the optimizer's copy and moments: weights and gradients in 16 bits",
};

export const freeThreading: Source = {
  title: "Python support for free threading",
  year: 2025,
  url: "https://docs.python.org/3/howto/free-threading-python.html",
  says: "starting with the 3.13 release, CPython has support for a build where the global interpreter lock is disabled",
};

export const flightRecorder: Source = {
  title: "pytorch/pytorch, torch/csrc/distributed/c10d/FlightRecorder.hpp",
  year: 2025,
  url: "https://github.com/pytorch/pytorch/blob/main/torch/csrc/distributed/c10d/FlightRecorder.hpp",
  says: "max_entries_ = getCvarInt({TORCH_FR_BUFFER_SIZE, TORCH_NCCL_TRACE_BUFFER_SIZE}, 2000); enabled_ = max_entries_ > 0",
};

export const nccl228: Source = {
  title: "NVIDIA/nccl, src/nccl.h.in; openucx/ucc, pull request 1244",
  year: 2026,
  url: "https://github.com/openucx/ucc/pull/1244",
  says: "ncclAlltoAll, ncclGather and ncclScatter; ncclAlltoAll since NCCL 2.28 in place of grouped ncclSend and ncclRecv",
};

export const chipsAndCheese: Source = {
  title: "Chips and Cheese, Nvidia's H100: Funny L2, and Tons of Bandwidth",
  year: 2023,
  url: "https://chipsandcheese.com/2023/07/02/nvidias-h100-funny-l2-and-tons-of-bandwidth/",
  says: "L2 bandwidth measured on an H100 PCIe: about 5.5 TB/s",
};

export const dellMemory: Source = {
  title: "Dell, Memory Bandwidth for Next-Gen PowerEdge Servers",
  year: 2023,
  url: "https://infohub.delltechnologies.com/",
  says: "eight channels of DDR5 per socket; 4,400 MT/s with two modules per channel",
};

export const kioxia: Source = {
  title: "Tom's Hardware, Kioxia's PCIe 5.0 SSD Just Hit 14,000 MBps",
  year: 2021,
  url: "https://www.tomshardware.com/news/kioxia-pcie-5-ssd-just-hit-140000-mbps",
  says: "sequential reads of up to 14,000 MB/s over PCIe 5.0, four lanes",
};

export const megatron: Source = {
  title: "Shoeybi et al., Megatron-LM, in the words of Hugging Face Accelerate's page on it",
  year: 2019,
  url: "https://huggingface.co/docs/accelerate/usage_guides/megatron_lm",
  says: "in a simple transformer layer, two all-reduces in the forward path and two in the backward path",
};

export const glooSend: Source = {
  title: "gloo, gloo/transport/tcp/pair.cc, Pair::send of an unbound buffer",
  year: 2024,
  url: "https://github.com/pytorch/gloo/blob/main/gloo/transport/tcp/pair.cc",
  says: "executes the send if there is a remote pending receive; else notifies the peer and keeps it. Timed with torch 2.13 for this text: a receiver that sleeps 2 s, 2.0 s for 16 bytes and for 16 MB",
};

export const demystifying: Source = {
  title: "Hu et al., Demystifying NCCL: An In-depth Analysis of GPU Communication Protocols and Algorithms",
  year: 2025,
  url: "https://arxiv.org/abs/2507.04786",
  says: "LL stores 4 bytes of data with a flag of 4 bytes; LL128 120 bytes of data and 8 of flag in 128",
};

export const clock: Source = {
  title: "Lockwood, H100 (after NVIDIA's whitepaper and data sheet)",
  year: 2024,
  url: "https://glennklockwood.com/garden/processors/h100",
  says: "132 SMs of 128 FP32 cores at 1.98 GHz: 66.9 TFLOPS",
};

export const sharedMemory: Source = {
  title: "Ultrasonics Sonochemistry 99, 106546, table 3",
  year: 2023,
  url: "https://pmc.ncbi.nlm.nih.gov/articles/PMC10448217/table/t0015",
  says: "shared memory of a Hopper with 144 SMs at 1755 MHz: 32348 GB/s, which is 128 bytes per cycle of each SM",
};

export const vllmOneShot: Source = {
  title: "vLLM, csrc/custom_all_reduce.cuh",
  year: 2025,
  url: "https://github.com/vllm-project/vllm/blob/main/csrc/custom_all_reduce.cuh",
  says: "one stage if world_size_ <= 8 && bytes < 256 * 1024 (4 ranks: 512 * 1024), else two stages",
};

export const ncclTopology: Source = {
  title: "NCCL, src/graph/topo.h",
  year: 2025,
  url: "https://github.com/NVIDIA/nccl/blob/master/src/graph/topo.h",
  says: "SKL_QPI_BW 10.0, SRP_QPI_BW 22.0, ERP_QPI_BW 40.0 GB/s between sockets",
};

export const nccl227: Source = {
  title: "NCCL, release notes of v2.27.3-1",
  year: 2025,
  url: "https://github.com/NVIDIA/nccl/releases/tag/v2.27.3-1",
  says: "2.27: symmetric memory API and symmetric kernels",
};

export const firstBucket: Source = {
  title: "pytorch/pytorch, torch/csrc/distributed/c10d/reducer.hpp",
  year: 2025,
  url: "https://github.com/pytorch/pytorch/blob/main/torch/csrc/distributed/c10d/reducer.hpp",
  says: "kDefaultFirstBucketBytes = 1024 * 1024, which is 1 MiB; kDefaultBucketBytesCap = 25 MiB",
};

export const earlierMicroBatches: Source = {
  title: "pytorch/pytorch, issue 69031",
  year: 2021,
  url: "https://github.com/pytorch/pytorch/issues/69031",
  says: "69031: parameters unused on the final step but used on previous steps are never synced",
};

export const broadcastShares: Source = {
  title: "pytorch/pytorch, issue 69591",
  year: 2021,
  url: "https://github.com/pytorch/pytorch/issues/69591",
  says: "69591: with DDP and ZeroRedundancyOptimizer all gradients are still reduced, each rank updates its own parameters and then broadcasts them; a single all_gather could be done instead",
};
