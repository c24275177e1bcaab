/**
 * NCCL's protocols: how a message is handed over. *Simple* fills a large buffer, then raises a flag:
 * all of the link's bandwidth, and a long latency. *LL* (low latency) sends a flag beside every 4
 * bytes of data, so the receiver may take each at once, for half of the bandwidth. *LL128* sends 8 bytes of flag with
 * 120 of data, where stores of 128 bytes stay whole. NCCL takes the one that its model finds fastest (`NCCL_PROTO` pins it).
 * Source: NVIDIA/nccl, src/graph/tuning.cc; Hu et al., "Demystifying NCCL", 2025.
 */

/** How messages are handed over, from large tensors to small. */
export const protocols = ["simple", "ll128", "ll"] as const;
/** One of `protocols`. */
export type Protocol = (typeof protocols)[number];

/** What part of a link's bandwidth is left for data. NCCL counts 0.92 for LL128, and caps LL (at 141 GB/s in a node of H100). */
export const efficiency: Readonly<Record<Protocol, number>> = { simple: 1, ll128: 120 / 128, ll: 1 / 2 };
