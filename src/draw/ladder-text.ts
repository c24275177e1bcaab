/** A ladder of bandwidths in a terminal: a dot per level on a logarithmic axis, with its numbers beside it. */
import { type Rung, speed } from "./ladder-svg.ts";

/** Columns of the axis. */
const WIDE = 24;

/** @param rungs fastest first. @returns lines of at most 80 columns, the title first. */
export function ladderText(title: string, rungs: readonly Rung[]): string[] {
  const [low, high] = [Math.min, Math.max].map((pick) => Math.log10(pick(...rungs.map(({ bandwidth }) => bandwidth))));
  const name = Math.max(...rungs.map((rung) => rung.name.length));
  const lines = rungs.flatMap(({ name: own, bandwidth, holds, latency, latencyOf }, i) => {
    const at = Math.round(((Math.log10(bandwidth) - low) / (high - low)) * (WIDE - 1));
    const axis = `${" ".repeat(at)}●`.padEnd(WIDE);
    const next = rungs[i + 1];
    const step = next ? `÷ ${Number((bandwidth / next.bandwidth).toPrecision(2))}` : "";
    return [
      `${own.padEnd(name)} ${axis} ${speed(bandwidth).padStart(9)}  ${`${latency} ${latencyOf}`.trim()}`.trimEnd(),
      `  ${holds.padEnd(name)}${" ".repeat(Math.max(0, at))}${step}`.trimEnd(),
    ];
  });
  return [title, "", ...lines];
}
