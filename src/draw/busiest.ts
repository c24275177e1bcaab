/** The links that bound an algorithm on a machine: all that are as busy as the busiest, not the first of them. */
import type { Layout, Load } from "../sim/layout.ts";
import { hopName } from "../sim/machine.ts";

/** Seconds this near to each other are equal: sums of doubles in different orders are not nearer. */
const SAME = 1e-9;

/** @returns every direction of a link that is at work as long as the busiest; none if nothing moves. */
export function busiestOf({ loads }: Pick<Layout, "loads">): Load[] {
  const most = loads.reduce((longest, { seconds }) => Math.max(longest, seconds), 0);
  return loads.filter(({ seconds }) => seconds > 0 && seconds >= most * (1 - SAME));
}

/** What they are: `GPU 0 → CPU 0, PCIe 4 x16, 256 MB` alone, else `16 link directions equally busy, NVLink 4 × 18, 448 MB each`. */
export function bottleneckOf(busiest: readonly Load[]): string {
  const [{ hop, bytes }] = busiest;
  const much = `${Number((bytes / 1e6).toPrecision(3))} MB`;
  if (busiest.length === 1) return `${hopName(hop)}, ${hop.part.name}, ${much}`;
  const names = [...new Set(busiest.map((load) => load.hop.part.name))];
  const alike = busiest.every((load) => load.bytes === bytes);
  return `${busiest.length} link directions equally busy, ${names.join(" and ")}${alike ? `, ${much} each` : ""}`;
}
