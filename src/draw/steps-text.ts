/** Steps of a run as lines of text, for terminals: what happened, and each rank's buffers after it. */
import type { Glimpse } from "../world/index.ts";
import { buffersAt, type Step } from "./steps.ts";

/** Columns of a line. */
const WIDTH = 74;
/** Buffers of a rank that are shown: those that it used last. */
const MOST = 2;

const words = { calls: "calls", ends: "ends:", stuck: "never ended:" } as const;

/** `rank 1 calls recv(f32[2]) from rank 0 (answer.ts:12)` */
export function stepLine({ rank, kind, text, site }: Step): string {
  return `rank ${rank} ${words[kind]} ${text}${site ? ` (${site})` : ""}`;
}

/** The buffers after a step: a line for each, the part that was used last in brackets, the rank that moved marked. */
export function bufferLines(steps: readonly Step[], at: number, ranks: number): string[] {
  return buffersAt(steps, at, ranks).flatMap((own, rank) => linesOf(own, rank, steps[at]?.rank === rank ? "▸" : " "));
}

/** A rank's buffers. */
function linesOf(own: readonly Glimpse[], rank: number, mark: string): string[] {
  const head = `${mark} rank ${rank} │ `;
  if (own.length === 0) return [`${head}nothing seen yet`];
  const under = `${" ".repeat(head.length - 2)}│ `;
  return own.slice(0, MOST).map((glimpse, i) => `${i === 0 ? head : under}${bufferLine(glimpse, WIDTH - head.length)}`);
}

/** All steps, each with the buffers of the rank that moved. @param most steps; further ones are counted. */
export function stepsText(steps: readonly Step[], ranks: number, most = 200): string[] {
  const wide = String(Math.min(most, steps.length)).length;
  const lines = steps.slice(0, most).flatMap((step, at) => {
    const own = step.seen.length > 0 ? linesOf(buffersAt(steps, at, ranks)[step.rank], step.rank, " ") : [];
    return [
      `${String(at + 1).padStart(wide)} ${stepLine(step)}`,
      ...own.map((line) => `${" ".repeat(wide - 1)}${line}`),
    ];
  });
  return steps.length > most ? [...lines, `… and ${steps.length - most} more`] : lines;
}

/** `f32[6]: 1 2 [4 6] 0 0`: as many elements as fit. */
function bufferLine({ dtype, size, from, to, first, values }: Glimpse, width: number): string {
  const head = `${dtype}[${size}]: `;
  let line = first > 0 ? "… " : "";
  for (const [i, value] of values.entries()) {
    const at = first + i;
    const text = `${at === from ? "[" : ""}${numeral(value)}${at === to - 1 ? "]" : ""} `;
    if (head.length + line.length + text.length + 1 > width) return `${head}${line}…`;
    line += text;
  }
  return `${head}${line}${first + values.length < size ? "…" : ""}`.trimEnd();
}

/** At most five digits: `1`, `0.3333`, `1.234e+7`. */
function numeral(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e5) return String(value);
  return String(Number(value.toPrecision(4)));
}
