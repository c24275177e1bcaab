/**
 * An allReduce inside the NVSwitch (NVLink SHARP; NCCL calls the algorithm NVLS). Each rank is in charge of
 * 1/n of the tensor: it reads that part through the switch, which fetches it from all ranks and adds, and it
 * writes the sum once, which the switch copies to all. So over each GPU's link go, in each
 * direction, the whole tensor and 1/n of it more: (1 + 1/n) B, where a ring takes 2 (n - 1)/n B.
 * Bus bandwidth, which assumes the ring's bytes, then exceeds that of the wire. This counts line rate,
 * as for all algorithms here; NVIDIA's maintainers tell of 480 GB/s reached on 8 H100 (nccl-tests issue 212).
 */
import { type Hop, hopName, type Machine, nodesOf, ranksOf } from "./machine.ts";
import { Router } from "./routes.ts";

/** Seconds before the first byte: NCCL 2.27, src/graph/tuning.cc, hwLatencies of NVLS over NVLink. */
const LATENCY = 25e-6;

/** What it takes. */
export interface InSwitch {
  readonly seconds: number;
  /** Each direction of each GPU's link, and the bytes over it. */
  readonly loads: readonly { readonly hop: Hop; readonly bytes: number }[];
}

/** @returns undefined where no switch adds, or the ranks are on several nodes. */
export function inSwitch(machine: Machine, bytes: number): InSwitch | undefined {
  const ranks = ranksOf(machine);
  if (!machine.adds || nodesOf(machine).length !== 1 || ranks.length < 2) return undefined;
  const router = new Router(machine);
  const moved = (1 + 1 / ranks.length) * bytes;
  const hops = ranks.flatMap(({ name }, i) => {
    const other = ranks[(i + 1) % ranks.length].name;
    return [router.way(name, other)[0], router.way(other, name).at(-1) as Hop];
  });
  const loads = [...new Map(hops.map((hop) => [hopName(hop), hop])).values()].map((hop) => ({ hop, bytes: moved }));
  const slowest = Math.min(...hops.map(({ part }) => part.bandwidth));
  return { seconds: LATENCY + moved / slowest, loads };
}
