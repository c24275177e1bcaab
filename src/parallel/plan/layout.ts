/**
 * Layouts with experts. The ranks of a stage are seen twice, as in Megatron Core ("MoE Parallel Folding", Liu et al., 2025):
 * for everything but experts as copies × dp × cp × tp, and for experts as those that have the same ones × ep. With ep above 1
 * an expert is whole on its rank; with ep 1 tensor parallelism cuts it like any MLP.
 */
import { type Layout, layoutText, parseLayout } from "../layout/layout.ts";

/** A layout whose ep may divide all ranks of a stage, and not those along dp alone, as where this library trains. */
export type PlannedLayout = Layout;

/** Reads `dp4.tp2.ep8+fsdp`: ep is no axis of its own, it divides the ranks of a stage. @throws RangeError as `parseLayout`. */
export function parsePlannedLayout(text: string): PlannedLayout {
  const [sizes, ...words] = text.trim().split("+");
  const own = sizes.split(".");
  const experts = own.filter((part) => /^ep\d+$/.test(part));
  const rest = own.filter((part) => !experts.includes(part)).join(".");
  const layout = parseLayout([rest || (experts.length > 0 ? "dp1" : ""), ...words].join("+"));
  const ep = experts.length > 0 ? Number(experts[0].slice(2)) : 1;
  if (experts.length > 1) throw new RangeError(`${JSON.stringify(text)} is no layout: ep is there twice.`);
  if (ep < 1) throw new RangeError(`${JSON.stringify(text)} is no layout: ep has no ranks.`);
  return { ...layout, ep };
}

/** The shortest word for a layout. */
export function plannedLayoutText(layout: PlannedLayout): string {
  const text = layoutText({ ...layout, ep: 1 });
  if (layout.ep === 1) return text;
  const [sizes, ...words] = text.split("+");
  return [`${sizes}.ep${layout.ep}`, ...words].join("+");
}

/** The ranks of one stage as experts see them. */
export interface ExpertRanks {
  /** Ranks that have the same experts, or the same part of them. */
  readonly same: number;
  readonly ep: number;
  /** Ranks that cut one expert. */
  readonly cut: number;
}

/** How experts see the ranks of a stage. */
export function expertRanks({ copies, dp, cp, tp, ep }: PlannedLayout): ExpertRanks {
  const cut = ep > 1 ? 1 : tp;
  return { same: (copies * dp * cp * tp) / (ep * cut), ep, cut };
}

/** Ranks over which parameters and moments are shared out, and over which gradients are summed. */
export function dataRanks({ copies, dp, cp }: PlannedLayout): { readonly shards: number; readonly all: number } {
  return { shards: dp * cp, all: copies * dp * cp };
}
