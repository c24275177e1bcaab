/** An algorithm laid on a machine: what each link must carry, which is the bottleneck, and how long it takes. */
import { allReduceCosts, busFactor, type MessageAlgorithm } from "../world/index.ts";
import { type Hop, hopName, type Machine, networkOf, ranksOf, wayBetween } from "./machine.ts";
import { runVirtual } from "./virtual.ts";

/** One direction of a link, and what it carries. */
export interface Load {
  readonly hop: Hop;
  readonly bytes: number;
  /** Seconds it needs for that. */
  readonly seconds: number;
}

/** Where the parts of a machine are drawn. */
export interface Layout {
  readonly algorithm: MessageAlgorithm;
  /** Pairs of ranks that talk, with the bytes from the first to the second. */
  readonly pairs: readonly { readonly from: number; readonly to: number; readonly bytes: number }[];
  /** Busiest first. */
  readonly loads: readonly Load[];
  /** Seconds on virtual time. */
  readonly seconds: number;
  /** Bytes a second: algorithm and bus bandwidth as nccl-tests define them. */
  readonly algbw: number;
  readonly busbw: number;
}

/** @param bytes of each rank's tensor, in elements of 4 bytes. */
export function layOn(machine: Machine, algorithm: MessageAlgorithm, bytes: number): Layout {
  const ranks = ranksOf(machine);
  const network = networkOf(machine);
  const count = Math.max(1, Math.round(bytes / 4));
  const pairs = new Map<string, { from: number; to: number; bytes: number }>();
  const { seconds } = runVirtual(network, algorithm, count, 4, (from, to, size) => {
    const pair = pairs.get(`${from}>${to}`);
    if (pair) pair.bytes += size;
    else pairs.set(`${from}>${to}`, { from, to, bytes: size });
  });
  const loads = new Map<string, { hop: Hop; bytes: number }>();
  for (const { from, to, bytes: moved } of pairs.values()) {
    for (const hop of wayBetween(machine, ranks[from].name, ranks[to].name)) {
      const load = loads.get(hopName(hop));
      if (load) load.bytes += moved;
      else loads.set(hopName(hop), { hop, bytes: moved });
    }
  }
  const sorted = [...loads.values()]
    .map((load) => ({ ...load, seconds: load.bytes / load.hop.part.bandwidth }))
    .sort((a, b) => b.seconds - a.seconds);
  const algbw = seconds > 0 ? (count * 4) / seconds : 0;
  return {
    algorithm,
    pairs: [...pairs.values()],
    loads: sorted,
    seconds,
    algbw,
    busbw: algbw * busFactor("allReduce", ranks.length),
  };
}

/** Seconds that an allReduce by each algorithm would take for each size. */
export function predict(
  machine: Machine,
  sizes: readonly number[],
  algorithms = Object.keys(allReduceCosts) as MessageAlgorithm[],
): { readonly algorithm: MessageAlgorithm; readonly seconds: readonly number[] }[] {
  const network = networkOf(machine);
  return algorithms.map((algorithm) => ({
    algorithm,
    seconds: sizes.map((bytes) => runVirtual(network, algorithm, Math.max(1, Math.round(bytes / 4))).seconds),
  }));
}
