/** What chapter 4 states, and what it rests on. */
import { efficiency } from "../../../src/sim/protocols.ts";
import { busFactor } from "../../../src/world/index.ts";
import type { Register } from "./claim.ts";
import { busiestCard, crossing, equalLinks, messagesOf, on, parts, pathOf, sentBy } from "./runs.ts";
import {
  busbwOfH100,
  demystifying,
  dgxH100,
  ethernet,
  h100,
  nccl24,
  nccl227,
  ncclTopology,
  ncclTuning,
  pcie5,
  performance,
  vllmOneShot,
} from "./sources.ts";

const { nvlink4, pcie5: pcie, ndr400, eth100 } = parts;
const MB = 1e6;
const GB = 1e9;
/** A tensor that is cut evenly by every number of ranks here. */
const even = 4 * 840 * 64;
const rounds = (algorithm: Parameters<typeof pathOf>[0], n: number): number => pathOf(algorithm, n, even).alphas;
const bytes = (algorithm: Parameters<typeof pathOf>[0], n: number): number => pathOf(algorithm, n, even).bytes;
const ring = (n: number): number => sentBy("ring", n, even * n).bytes / (even * n);
const ms = (...args: Parameters<typeof on>): number => on(...args).seconds * 1e3;
const busbw = (...args: Parameters<typeof on>): number => on(...args).busbw / GB;
const inspector = "worldsize run topology-inspector --machine dgx-h100";
/** Bytes over a GPU's link when the switch adds, per byte of tensor. */
const inSwitch = on("dgx-h100", 1, "nvls", 8 * MB).loads[0].bytes / (8 * MB);

export const chapter04: Register = {
  page: "course/part1-distributed/chapter04-algorithms/README.md",
  claims: [
    {
      says: "three kinds of wires",
      by: "example",
      why: "NVLink, PCIe, the network: the three of the protocols' table",
    },
    {
      says: "for six algorithms; dots mark",
      by: "command",
      run: "worldsize run benchmark-algorithms --links dgx-h100 --to 4e9",
      prints: ["ring", "doubling", "halving", "tree", "double-tree", "nvls"],
    },
    {
      says: "by six algorithms, computed",
      by: "command",
      run: "worldsize run benchmark-algorithms --links dgx-h100 --to 4e9",
      prints: ["ring", "doubling", "halving", "tree", "double-tree", "nvls"],
    },
    { says: "from four numbers", by: "example", why: "n, B, α and β" },
    { says: "neighbors only, 2 (n - 1) steps", by: "run", gives: { "2": () => rounds("ring", 8) / 7 } },
    { says: "a broadcast down it in three rounds", by: "arithmetic", gives: { three: () => Math.ceil(Math.log2(8)) } },
    {
      says: "Rank 0 sends to 4; then 0 sends to 2 and 4 to 6",
      by: "run",
      gives: { "4": async () => (await messagesOf("4.4", 8))[0].to },
    },
    {
      says: "2 ⌈log₂ n⌉ rounds, the whole tensor on each edge",
      by: "run",
      gives: { "2": () => rounds("tree", 8) / 3 },
    },
    { says: "half of the ranks, the leaves", by: "arithmetic", gives: { half: () => [1, 3, 5, 7].length / 8 } },
    {
      says: "two rounds, after which each holds the sum of all",
      by: "run",
      gives: { two: () => rounds("doubling", 4) },
    },
    { says: "Round 1 pairs 0 with 1 and 2 with 3", by: "arithmetic", gives: { "1": () => 0 ^ 1, "3": () => 2 ^ 1 } },
    { says: "Round 2 pairs 0 with 2 and 1 with 3", by: "arithmetic", gives: { "2": () => 0 ^ 2, "3": () => 1 ^ 2 } },
    { says: "half of the tree's", by: "run", gives: { half: () => rounds("doubling", 8) / rounds("tree", 8) } },
    {
      says: "two rounds that add ever smaller parts, two that copy",
      by: "run",
      gives: { two: () => rounds("halving", 4) / 2 },
    },
    {
      says: "exchanges a half, then a quarter, then an eighth",
      by: "arithmetic",
      gives: { half: () => 1 / 2, quarter: () => 1 / 4 },
    },
    {
      says: "it sends 2 (n - 1)/n of the tensor, exactly a ring's bytes, in 2 log₂ n rounds instead of 2 (n - 1)",
      by: "run",
      gives: {
        "2 (n - 1)/n": () => (sentBy("halving", 8, even).bytes / even / 7) * 8,
        "2 log₂": () => rounds("halving", 8) / 3,
      },
    },
    {
      says: "for two more messages of the whole tensor",
      by: "run",
      gives: { two: () => rounds("doubling", 5) - rounds("doubling", 4) },
    },
    { says: "Two binary trees over the same eight ranks", by: "example", why: "the picture" },
    { says: "Each tree carries half of the tensor", by: "run", gives: { half: () => 1 / 2 } },
    { says: "So take two trees", by: "example", why: "the picture" },
    { says: "in NCCL since 2.4", by: "source", sources: [nccl24] },
    { says: "Each carries half of the tensor, cut into p pieces", by: "run", gives: { half: () => 1 / 2 } },
    { says: "two messages to send and two to receive per piece", by: "run", gives: { two: () => mostSent(8) } },
    { says: "about 2 B goes through each", by: "run", gives: { "2": () => pathOf("double-tree", 64, 64 * GB).bytes } },
    { says: "It takes r + 4 (p - 1) rounds", by: "run", gives: { "4": () => extraRounds() } },
    {
      says: "(10 for 8 ranks, 24 for 64)",
      by: "run",
      gives: { "10": () => pathOf("double-tree", 8, 8).alphas, "24": () => pathOf("double-tree", 64, 8).alphas },
    },
    { says: "in charge of 1/n of the tensor", by: "simulator", gives: { "1": () => (inSwitch - 1) * 8 } },
    {
      says: "go (1 + 1/n) B instead of 2 (n - 1)/n B",
      by: "simulator",
      gives: { "1 + 1/n": () => Math.floor(inSwitch), "2 (n - 1)/n": () => (ring(8) * 8) / 7 },
    },
    {
      says: "| tree, up and down | 2 log₂ n | 2 log₂ n × B |",
      by: "run",
      gives: { "2 log₂ n |": () => rounds("tree", 8) / 3, "2 log₂ n × B": () => bytes("tree", 8) / 3 },
    },
    {
      says: "| halving and doubling | 2 log₂ n | 2 (n - 1)/n × B |",
      by: "run",
      gives: { "2 log₂ n": () => rounds("halving", 8) / 3, "2 (n - 1)/n": () => (bytes("halving", 8) * 8) / 7 },
    },
    {
      says: "| double binary tree, p pieces | r + 4 (p - 1) | (r + 4 (p - 1)) B / 2p, toward 2 B |",
      by: "run",
      gives: { "4 (p - 1) |": () => extraRounds(), "2 B |": () => pathOf("double-tree", 64, 64 * GB).bytes },
    },
    {
      says: "| ring | 2 (n - 1) | 2 (n - 1)/n × B |",
      by: "run",
      gives: { "2 (n - 1) |": () => rounds("ring", 8) / 7, "2 (n - 1)/n": () => (bytes("ring", 8) * 8) / 7 },
    },
    { says: "Set two lines of the table equal", by: "example", why: "any two" },
    {
      says: "Eight ranks, α = 5 µs, 10 GB/s. L = 3",
      by: "arithmetic",
      gives: { "L = 3": () => Math.ceil(Math.log2(8)) },
    },
    {
      says: "(50 KB) × 4 / 2.125 = 94 KB",
      by: "arithmetic",
      gives: {
        "50": () => (5e-6 * 10 * GB) / 1e3,
        "4": () => 8 - 1 - 3,
        "2.125": () => 3 - 7 / 8,
        "94": () => (50 * 4) / 2.125,
      },
    },
    { says: "For n = 2 and 3 there is none", by: "run", gives: { "2": () => noCrossing(2), "3": () => noCrossing(3) } },
    {
      says: "wins up to about 320 KB",
      by: "simulator",
      gives: { "320": () => Math.round(crossing("dgx-h100", 1, ["doubling", "halving"], [100e3, 5 * MB]) / 1e4) * 10 },
    },
    {
      says: "comes within 1 % of halving at 1 GB",
      by: "simulator",
      gives: { "1 %": () => (ms("dgx-h100", 1, "ring", GB) / ms("dgx-h100", 1, "halving", GB) - 1) * 100 },
    },
    {
      says: "halving up to 8 MB",
      by: "simulator",
      gives: { "8": () => crossing("dgx-h100", 1, ["halving", "nvls"], [MB, 100 * MB]) / MB },
    },
    {
      says: "(25 µs of latency)",
      by: "simulator",
      gives: { "25": () => ms("dgx-h100", 1, "nvls", 4) * 1e3 },
    },
    {
      says: "it reaches 31 GB/s of busbw, halving 21",
      by: "simulator",
      gives: {
        "31": () => busbw("pcie-box", 1, "ring", 256 * MB),
        "21": () => busbw("pcie-box", 1, "halving", 256 * MB),
      },
    },
    { says: "6.6, 14 or 8.4 µs per ring collective", by: "source", sources: [ncclTuning] },
    { says: "at most 141 GB/s for LL", by: "source", sources: [ncclTuning] },
    { says: "up to 256 KB on eight GPUs", by: "source", sources: [vllmOneShot] },
    { says: "if the tensor is larger than 256 MB", by: "source", sources: [busbwOfH100] },
    { says: "such sockets NCCL counts 10 GB/s", by: "source", sources: [ncclTopology] },
    { says: "registered as symmetric (since 2.27)", by: "source", sources: [nccl227] },
    {
      says: "(6 against 3.6 µs:",
      by: "simulator",
      gives: {
        "6": () => ms("dgx-h100", 1, "double-tree", 64) * 1e3,
        "3.6": () => ms("dgx-h100", 1, "tree", 64) * 1e3,
      },
    },
    {
      says: "(5.1 against 3.9 ms)",
      by: "simulator",
      gives: { "5.1": () => ms("dgx-h100", 1, "double-tree", GB), "3.9": () => ms("dgx-h100", 1, "ring", GB) },
    },
    {
      says: "on 64 servers with one GPU each, at 10 MB, it takes 4.1 ms, the ring 5.4 and the tree 10",
      by: "simulator",
      gives: {
        "4.1": () => ms("ethernet", 64, "double-tree", 10 * MB),
        "5.4": () => ms("ethernet", 64, "ring", 10 * MB),
        "tree 10": () => ms("ethernet", 64, "tree", 10 * MB),
      },
    },
    { says: "takes 1.9", by: "simulator", gives: { "1.9": () => ms("ethernet", 64, "halving", 10 * MB) } },
    { says: "| Simple | a large buffer, then a flag | 3.4, 5.7, 14 µs |", by: "source", sources: [ncclTuning] },
    {
      says: "| LL128 | 120 bytes with 8 bytes of flag | 1.9, 2.5, 4.0 µs | 94 % |",
      by: "source",
      sources: [demystifying, ncclTuning],
      gives: { "94": () => efficiency.ll128 * 100 },
    },
    {
      says: "| LL | 4 bytes with 4 bytes of flag | 0.6, 1.0, 2.7 µs | half |",
      by: "source",
      sources: [demystifying, ncclTuning],
      gives: { half: () => efficiency.ll },
    },
    {
      says: "α/β on NVLink is 135 KB (0.6 µs at 225 GB/s of data); with Simple it is 1.5 MB",
      by: "simulator",
      gives: {
        "135": () => (nvlink4.latency.ll * nvlink4.bandwidth * efficiency.ll) / 1e3,
        "0.6": () => nvlink4.latency.ll * 1e6,
        "225": () => (nvlink4.bandwidth * efficiency.ll) / GB,
        "1.5": () => (nvlink4.latency.simple * nvlink4.bandwidth) / MB,
      },
    },
    {
      says: "doubling stays ahead up to 3.7 MB",
      by: "simulator",
      gives: { "3.7": () => crossing("dgx-h100", 1, ["doubling", "halving"], [100e3, 50 * MB], "simple") / MB },
    },
    { says: "from a quarter of a megabyte on", by: "simulator", gives: { quarter: () => hierarchyFrom() } },
    {
      says: "one network card of 50 GB/s",
      by: "source",
      sources: [dgxH100],
      gives: { "50": () => ndr400.bandwidth / GB },
    },
    { says: "uses all eight cards alike", by: "simulator", gives: { eight: () => busyCards() } },
    { says: "over two nodes of eight GPUs", by: "example", why: "the question" },
    { says: "faster for 640 MB", by: "example", why: "the question" },
    {
      says: "Its bus bandwidth is 288 GB/s, the ring's 48: six times",
      by: "simulator",
      gives: {
        "288": () => busbw("dgx-h100", 2, "hierarchical", 640 * MB),
        "48": () => busbw("dgx-h100", 2, "ring", 640 * MB),
        six: () => busbw("dgx-h100", 2, "hierarchical", 640 * MB) / busbw("dgx-h100", 2, "ring", 640 * MB),
      },
    },
    { says: "its two phases inside the node", by: "example", why: "adding up first, handing out last" },
    {
      says: "On four nodes and 256 MB it is 238 against 45 GB/s",
      by: "simulator",
      gives: {
        "238": () => busbw("dgx-h100", 4, "hierarchical", 256 * MB),
        "45": () => busbw("dgx-h100", 4, "ring", 256 * MB),
      },
    },
    {
      says: "each card carries 48 MB where the ring's busiest carry 496",
      by: "simulator",
      gives: {
        "48": () => busiestCard("dgx-h100", 4, "hierarchical", 256 * MB) / MB,
        "496": () => busiestCard("dgx-h100", 4, "ring", 256 * MB) / MB,
      },
    },
    {
      says: "eight cards of 50 GB/s bound that by 400 GB/s",
      by: "arithmetic",
      gives: { "400": () => (8 * ndr400.bandwidth) / GB },
    },
    { says: "Two nodes of eight GPUs", by: "example", why: "the picture" },
    { says: "report two numbers", by: "example", why: "algbw and busbw" },
    {
      says: "for an all_reduce 2 (n - 1)/n",
      by: "source",
      sources: [performance],
      gives: { "2": () => (busFactor("allReduce", 8) * 8) / 7 },
    },
    {
      says: "1 for broadcast and reduce",
      by: "source",
      sources: [performance],
      gives: { "1": () => busFactor("broadcast", 8) },
    },
    {
      says: "1 for two ranks, 1.75 for eight, nearly 2 for many",
      by: "arithmetic",
      gives: {
        "1": () => busFactor("allReduce", 2),
        "1.75": () => busFactor("allReduce", 8),
        "2 for many": () => busFactor("allReduce", 1000),
      },
    },
    {
      says: "Eight H100 on 450 GB/s links show an algbw of 245 GB/s",
      by: "example",
      why: "the question; about what nccl-tests issue 212 shows",
    },
    {
      says: "The busbw is 429 GB/s, and 450 is the line rate",
      by: "arithmetic",
      gives: { "429": () => 245 * 1.75, "450": () => nvlink4.bandwidth / GB },
    },
    { says: "a ring gets about 370 GB/s of busbw", by: "source", sources: [busbwOfH100] },
    { says: "A busbw of 429 means", by: "arithmetic", gives: { "429": () => 245 * 1.75 } },
    {
      says: "they expect about 480 busbw, 275 algbw",
      by: "source",
      sources: [busbwOfH100],
      gives: { "275": () => Math.round(480 / 1.75 / 5) * 5 },
    },
    { says: "245 is slow", by: "example", why: "the number of the question" },
    {
      says: "it says 445 for the ring and 693 for the switch at 1 GB",
      by: "command",
      run: `${inspector} --bytes 1e9`,
      prints: [/ring simple 3\.94 445/, /nvls simple 2\.52 693/],
    },
    { says: "eight GPUs on NVSwitch", by: "source", sources: [dgxH100] },
    {
      says: "eight carry 448 MB for a tensor of 256 MB",
      by: "command",
      run: inspector,
      prints: ["allReduce of 256 MB on 8 ranks", /ring simple [\d.]+ \d+ GPU 0 → 16 448/],
    },
    {
      says: "NVLink 4, 18 links of a GPU | 450 GB/s",
      by: "source",
      sources: [h100],
      gives: { "450": () => nvlink4.bandwidth / GB },
    },
    {
      says: "PCIe 5, 16 lanes | 63 GB/s",
      by: "source",
      sources: [pcie5],
      gives: { "63": () => (32e9 * 16 * (128 / 130)) / 8 / GB },
    },
    { says: "400 Gb InfiniBand, a port | 50 GB/s", by: "source", sources: [dgxH100], gives: { "50": () => 400 / 8 } },
    {
      says: "100 Gb Ethernet | 12.5 GB/s",
      by: "source",
      sources: [ethernet],
      gives: { "12.5": () => eth100.bandwidth / GB },
    },
    {
      says: "four GPUs in PCIe slots of two sockets; the ring crosses the sockets twice, and four PCIe links are equally busy",
      by: "command",
      run: "worldsize run topology-inspector --machine pcie-box",
      prints: ["GPU 3 (PCIe 4 x16, 31.5 GB/s ◀ bottleneck)", "CPU 1"],
    },
    {
      says: "31 GB/s of busbw for the ring",
      by: "simulator",
      gives: { "31": () => busbw("pcie-box", 1, "ring", 256 * MB) },
    },
    {
      says: "Eight GPUs. NVLink has seven times the bandwidth of PCIe 5. How much faster is a ring all_reduce of 64 KiB? Of 64 MiB?",
      by: "arithmetic",
      gives: { seven: () => nvlink4.bandwidth / pcie.bandwidth },
    },
    {
      says: "Simple (3.4 and 5.7 µs)",
      by: "source",
      sources: [ncclTuning],
      gives: { "3.4": () => nvlink4.latency.simple * 1e6, "5.7": () => pcie.latency.simple * 1e6 },
    },
    {
      says: "1.7 and 6.3 times: at 64 KiB",
      by: "simulator",
      gives: { "1.7": () => nvlinkOverPcie(64 * 1024), "6.3": () => nvlinkOverPcie(64 * 1024 ** 2) },
    },
    {
      says: "With links of 20 µs and 1 GB/s, three runs on two cores fitted 0.5 to 1 GB/s, but an α of 34 to 88 µs",
      by: "measured",
      run: "worldsize run benchmark-algorithms --link 1GB/s,20us --quick",
      prints: [/alpha/, /beta/],
      where: "two cores, otherwise idle",
    },
    { says: "where two algorithms cross", by: "example", why: "any two" },
  ],
};

/** How many times as fast a ring is over NVLink 4 as over PCIe 5, by Simple. */
function nvlinkOverPcie(size: number): number {
  const over = (part: typeof nvlink4 | typeof pcie): number =>
    equalLinks("ring", 8, size, part.latency.simple, part.bandwidth);
  return over(pcie) / over(nvlink4);
}

/** @returns n if a ring of n ranks is no slower than a tree, for few bytes and for many; else 0. */
function noCrossing(n: number): number {
  const isAhead = (size: number): boolean =>
    equalLinks("ring", n, size, 5e-6, 10 * GB) <= equalLinks("tree", n, size, 5e-6, 10 * GB) * (1 + 1e-9);
  return [12, 1200, 12e4, 12e6].every(isAhead) ? n : 0;
}

/** Most messages that a rank sends of a piece on the way up and down both trees, by half: up and again down. */
function mostSent(n: number): number {
  return sentBy("double-tree", n, 8).messages / 2;
}

/** Rounds that a further piece adds. */
function extraRounds(): number {
  const [few, many] = [64 * 1024, 1024 ** 2].map((size) => pathOf("double-tree", 8, size));
  const pieces = (path: { alphas: number; bytes: number }): number => path.alphas / (2 * path.bytes);
  return (many.alphas - few.alphas) / (pieces(many) - pieces(few));
}

/** Megabytes from which on the hierarchical algorithm is the fastest on two DGX H100. */
function hierarchyFrom(): number {
  return crossing("dgx-h100", 2, ["doubling", "hierarchical"], [50e3, 5 * MB]) / MB;
}

/** Network cards of a node that carry as much as the busiest. */
function busyCards(): number {
  const { loads } = on("dgx-h100", 2, "hierarchical", 640 * MB);
  const cards = loads.filter(({ hop }) => /^node 0 NIC \d$/.test(hop.from) && /rail/.test(hop.to));
  const most = Math.max(...cards.map(({ bytes: carried }) => carried));
  return cards.filter(({ bytes: carried }) => carried > 0.99 * most).length;
}
