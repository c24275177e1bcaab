/** Says in sentences why a layout was chosen: each of its axes is halved in favour of another one, and judged again. */
import type { PlannedLayout } from "./layout.ts";
import { plannedLayoutText } from "./layout.ts";
import { type FittingLayout, isFitting, judgeLayout, type PlanRequest } from "./search.ts";

const seconds = (value: number): string =>
  value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);

/** What something takes, such as `4.21 s`. */
export const secondsText = (value: number): string => `${seconds(value)} s`;

/** Sentences about the choice: what it takes, what each axis is for, and what it pays for them. */
export function explainLayout(request: PlanRequest, chosen: FittingLayout): string[] {
  const { layout, run, time, memory } = chosen;
  const share = (part: number): string => `${((100 * part) / time.total).toFixed(0)} %`;
  const lines = [
    `${plannedLayoutText(layout)} with micro-batches of ${run.micro} takes ${secondsText(time.total)} for a step and ${(memory.total / 1e9).toFixed(0)} GB on rank ${memory.rank} of pp.`,
  ];
  for (const [axis, without] of variants(layout)) {
    const other = judgeLayout(request, without, run);
    const name = plannedLayoutText(without);
    if (isFitting(other)) {
      const slower = other.time.total / time.total - 1;
      if (slower > 0.005)
        lines.push(
          `${axis}: ${name} would take ${secondsText(other.time.total)}, ${(100 * slower).toFixed(0)} % more.`,
        );
    } else lines.push(`${axis}: ${name} cannot run: ${other.fault?.text}.`);
  }
  const waits = [
    ["collectives along tp and cp", time.tensor],
    ["all_to_alls of experts", time.experts],
    ["the pipeline's bubble and messages", time.pipeline],
    ["gradients and gathered parameters", time.data],
  ] as const;
  const paid = waits.filter(([, part]) => part > 0.01 * time.total).map(([what, part]) => `${what} ${share(part)}`);
  if (paid.length > 0) lines.push(`Of the step, ${paid.join(", ")}.`);
  return lines;
}

/** The layout with one axis halved and dp doubled, or with states kept whole. */
function* variants(layout: PlannedLayout): Generator<readonly [string, PlannedLayout]> {
  for (const axis of ["tp", "pp", "cp"] as const) {
    if (layout[axis] < 2 || layout[axis] % 2 !== 0) continue;
    const half = { ...layout, [axis]: layout[axis] / 2, dp: layout.dp * 2 };
    const data = layout.data;
    yield [`${axis} ${layout[axis]}`, { ...half, data, sequence: half.tp > 1, overlap: half.tp > 1 }];
  }
  for (const axis of ["tp", "pp"] as const) {
    if (layout.dp * layout.copies < 2 || layout.dp % 2 !== 0) continue;
    const more = { ...layout, [axis]: layout[axis] * 2, dp: layout.dp / 2 };
    yield [`more ${axis}`, { ...more, sequence: more.tp > 1, overlap: more.tp > 1 }];
  }
  if (layout.data !== "ddp" && layout.copies === 1) yield [layout.data, { ...layout, data: "ddp" }];
}

/** What stands in the way of a layout that can run, but is not the fastest. */
export function whySlower(request: PlanRequest, chosen: FittingLayout, other: FittingLayout): string {
  const { perNode } = request.cluster;
  const { layout, time } = other;
  const parts = ["compute", "tensor", "experts", "pipeline", "data", "optimizer"] as const;
  const [most] = parts.map((part) => ({ part, more: time[part] - chosen.time[part] })).sort((a, b) => b.more - a.more);
  const more = secondsText(most.more);
  const slower = `${(100 * (time.total / chosen.time.total - 1)).toFixed(0)} % slower`;
  if (most.part === "tensor" && layout.tp > perNode) {
    return `${slower}: tp ${layout.tp} crosses nodes of ${perNode}, and its collectives take ${more} more`;
  }
  const what = {
    compute: layout.recompute ? "blocks are computed twice, and take" : "smaller products, or more of them, take",
    tensor: "collectives along tp and cp take",
    experts: "all_to_alls of experts take",
    pipeline: `waiting for ${layout.pp} stages takes`,
    data: "gradients and gathered parameters take",
    optimizer: "the optimizer takes",
  }[most.part];
  return `${slower}: ${what} ${more} more`;
}
