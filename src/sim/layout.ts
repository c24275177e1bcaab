/** An algorithm laid on a machine: what each link must carry, which is the bottleneck, and how long it takes. */
import { allReduceCosts, busFactor, type MessageAlgorithm } from "../world/index.ts";
import { inSwitch } from "./in-switch.ts";
import { type Hop, hopName, type Machine, ranksOf } from "./machine.ts";
import { type Protocol, protocols } from "./protocols.ts";
import { networkOf, Router } from "./routes.ts";
import { runVirtual } from "./virtual.ts";

/** What can be laid on a machine: algorithms made of messages, and the switch that adds. */
export type LaidAlgorithm = MessageAlgorithm | "nvls";

/** How messages are handed over: by one of NCCL's protocols, or by whichever is fastest, as NCCL chooses. */
export type ProtocolChoice = Protocol | "auto";

/** One direction of a link, and what it carries. */
export interface Load {
  readonly hop: Hop;
  readonly bytes: number;
  /** Seconds it needs for that. */
  readonly seconds: number;
}

/** An algorithm on a machine. */
export interface Layout {
  readonly algorithm: LaidAlgorithm;
  readonly protocol: Protocol;
  /** Pairs of ranks that talk, with the bytes from the first to the second. */
  readonly pairs: readonly { readonly from: number; readonly to: number; readonly bytes: number }[];
  /** Busiest first. */
  readonly loads: readonly Load[];
  /** Seconds on virtual time. */
  readonly seconds: number;
  /** Bytes per second: algorithm and bus bandwidth as nccl-tests define them. */
  readonly algbw: number;
  readonly busbw: number;
}

/** Algorithms that can be laid on this machine. */
export function laidAlgorithms(machine: Machine): LaidAlgorithm[] {
  const messages = Object.keys(allReduceCosts) as MessageAlgorithm[];
  return inSwitch(machine, 0) ? [...messages, "nvls"] : messages;
}

/**
 * @param bytes of each rank's tensor, in elements of 4 bytes.
 * @throws RangeError for nvls on a machine whose switch does not add, or on several nodes.
 */
export function layOn(
  machine: Machine,
  algorithm: LaidAlgorithm,
  bytes: number,
  protocol: ProtocolChoice = "auto",
): Layout {
  const count = Math.max(1, Math.round(bytes / 4));
  const laid = algorithm === "nvls" ? laidInSwitch(machine, count) : laidOut(machine, algorithm, count, protocol);
  const algbw = laid.seconds > 0 ? (count * 4) / laid.seconds : 0;
  return { algorithm, ...laid, algbw, busbw: algbw * busFactor("allReduce", ranksOf(machine).length) };
}

type Laid = Pick<Layout, "protocol" | "pairs" | "loads" | "seconds">;

function laidInSwitch(machine: Machine, count: number): Laid {
  const found = inSwitch(machine, count * 4);
  if (!found)
    throw new RangeError(`nvls is the NVSwitch of one node that adds; ${machine.name} has none for all of its ranks.`);
  return { protocol: "simple", pairs: [], seconds: found.seconds, loads: sorted(found.loads) };
}

function laidOut(machine: Machine, algorithm: MessageAlgorithm, count: number, choice: ProtocolChoice): Laid {
  const ranks = ranksOf(machine);
  const router = new Router(machine);
  const runs = (choice === "auto" ? protocols : [choice]).map((protocol) => {
    const pairs = new Map<string, { from: number; to: number; bytes: number }>();
    const { seconds } = runVirtual(networkOf(machine, protocol, router), algorithm, count, 4, (from, to, size) => {
      const pair = pairs.get(`${from}>${to}`);
      if (pair) pair.bytes += size;
      else pairs.set(`${from}>${to}`, { from, to, bytes: size });
    });
    return { protocol, seconds, pairs: [...pairs.values()] };
  });
  const best = runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  const loads = new Map<string, { hop: Hop; bytes: number }>();
  for (const { from, to, bytes } of best.pairs) {
    for (const hop of router.way(ranks[from].name, ranks[to].name)) {
      const load = loads.get(hopName(hop));
      if (load) load.bytes += bytes;
      else loads.set(hopName(hop), { hop, bytes });
    }
  }
  return { ...best, loads: sorted([...loads.values()]) };
}

function sorted(loads: readonly { readonly hop: Hop; readonly bytes: number }[]): Load[] {
  return loads
    .map((load) => ({ ...load, seconds: load.bytes / load.hop.part.bandwidth }))
    .sort((a, b) => b.seconds - a.seconds);
}

/** What an algorithm would take, for each size. */
export interface Prediction {
  readonly algorithm: LaidAlgorithm;
  readonly seconds: readonly number[];
  /** For each size: the protocol that this is by. */
  readonly protocols: readonly Protocol[];
}

/** Seconds that an allReduce by each algorithm would take for each size. */
export function predict(
  machine: Machine,
  sizes: readonly number[],
  algorithms: readonly LaidAlgorithm[] = laidAlgorithms(machine),
  choice: ProtocolChoice = "auto",
): Prediction[] {
  const router = new Router(machine);
  const networks = (choice === "auto" ? protocols : [choice]).map((protocol) => ({
    protocol,
    network: networkOf(machine, protocol, router),
  }));
  return algorithms.map((algorithm) => {
    const best = sizes.map((bytes) => {
      if (algorithm === "nvls") return { protocol: "simple" as const, seconds: layOn(machine, "nvls", bytes).seconds };
      const count = Math.max(1, Math.round(bytes / 4));
      return networks
        .map(({ protocol, network }) => ({ protocol, seconds: runVirtual(network, algorithm, count).seconds }))
        .reduce((a, b) => (b.seconds < a.seconds ? b : a));
    });
    return {
      algorithm,
      seconds: best.map(({ seconds }) => seconds),
      protocols: best.map(({ protocol }) => protocol),
    };
  });
}
