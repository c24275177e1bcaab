/**
 * How a model is laid out over ranks, as one word that people can write: `dp2.tp2+fsdp+sp`. Axes come first, with their
 * numbers of ranks, and then what is done along them.
 */
import { type ScheduleName, scheduleNames } from "../pipeline/index.ts";

/** A layout. Axes that are not named have one rank. */
export interface Layout {
  /** Ranks that have other layers. */
  readonly pp: number;
  /** Ranks that keep whole copies of what the others share out (HSDP): they see other samples, too. */
  readonly copies: number;
  /** Ranks that see other samples. */
  readonly dp: number;
  /** Of the ranks along dp, how many neighbors share a mixture's experts out: it divides dp, as in Megatron-LM and torchtitan. */
  readonly ep: number;
  /** Ranks that have other tokens of the same samples. */
  readonly cp: number;
  /** Ranks that share out heads, hidden widths and words. */
  readonly tp: number;
  /** In which order stages work, where there are several. */
  readonly schedule: ScheduleName;
  /** What ranks along dp and cp keep of parameters, gradients and moments. */
  readonly data: "ddp" | "zero1" | "zero2" | "fsdp";
  /** Whether tokens are cut along tp between layers. */
  readonly sequence: boolean;
  /** Whether products overlap with collectives along tp. */
  readonly overlap: boolean;
  /** Whether a block's values are computed again in backward. */
  readonly recompute: boolean;
}

const axes = ["pp", "copies", "dp", "ep", "cp", "tp"] as const;
const kinds = ["ddp", "zero1", "zero2", "fsdp"] as const;
const switches = { sp: "sequence", overlap: "overlap", recompute: "recompute" } as const;
const plain: Layout = {
  ...{ pp: 1, copies: 1, dp: 1, ep: 1, cp: 1, tp: 1 },
  ...{ schedule: "1f1b", data: "ddp", sequence: false, overlap: false, recompute: false },
};

/** @throws RangeError for what is no layout, with an example. */
export function parseLayout(text: string): Layout {
  const [sizes, ...more] = text.trim().split("+");
  const layout: { -readonly [K in keyof Layout]: Layout[K] } = { ...plain };
  const seen = new Set<string>();
  const refuse = (what: string): never => {
    throw new RangeError(
      `${JSON.stringify(text)} is no layout: ${what}. Write axes with their ranks (${axes.join(", ")}) and then what is done, ` +
        `of ${[...kinds, ...Object.keys(switches), ...scheduleNames].join(", ")}: dp2, dp2.tp2+sp, dp4+fsdp, pp2+1f1b.`,
    );
  };
  for (const part of sizes.split(".")) {
    const [, axis, count] = /^([a-z]+)(\d+)$/.exec(part) ?? refuse(`${JSON.stringify(part)} is no axis with a number`);
    const known = axes.find((each) => each === axis) ?? refuse(`there is no axis ${axis}`);
    if (seen.has(known)) refuse(`${axis} is there twice`);
    if (Number(count) < 1) refuse(`${axis} has no ranks`);
    seen.add(known);
    layout[known] = Number(count);
  }
  for (const word of more) {
    const kind = kinds.find((each) => each === word);
    const schedule = scheduleNames.find((each) => each === word);
    if (kind) layout.data = kind;
    else if (schedule) {
      layout.schedule = schedule;
      if (layout.pp === 1) refuse(`${schedule} orders the work of stages, and pp has one rank`);
    } else if (word in switches) layout[switches[word as keyof typeof switches]] = true;
    else refuse(`nothing is called ${JSON.stringify(word)}`);
  }
  if (layout.sequence && layout.tp === 1) refuse("sp cuts tokens along tp, which has one rank");
  if (layout.overlap && layout.tp === 1) refuse("overlap hides collectives along tp, which has one rank");
  if (layout.schedule.startsWith("zb") && layout.data !== "ddp") {
    refuse(
      `${layout.schedule} computes gradients of weights later, and ${layout.data} shares a block's out at the end of its backward`,
    );
  }
  if (layout.dp % layout.ep !== 0) {
    refuse(
      `ep shares experts out among ranks along dp, and ${layout.ep} does not divide ${layout.dp}: write dp${layout.ep}.ep${layout.ep}`,
    );
  }
  if (layout.ep > 1 && layout.data !== "ddp") {
    refuse(
      `${layout.data} shares all parameters out over one set of ranks, and experts are on ${layout.ep} of them: with ep gradients are summed (ddp)`,
    );
  }
  if (layout.copies > 1 && layout.data === "ddp") refuse("copies are of shards, so they go with zero1, zero2 or fsdp");
  return layout;
}

/** The shortest word for a layout. */
export function layoutText(layout: Layout): string {
  const sizes = axes.filter((axis) => layout[axis] > 1).map((axis) => `${axis}${layout[axis]}`);
  const words = Object.entries(switches).flatMap(([word, key]) => (layout[key] ? [word] : []));
  const schedule = layout.schedule === plain.schedule ? [] : [layout.schedule];
  return [sizes.join(".") || "dp1", ...schedule, ...(layout.data === "ddp" ? [] : [layout.data]), ...words].join("+");
}

/** Ranks that it needs. */
export function ranksOf({ pp, copies, dp, cp, tp }: Layout): number {
  return pp * copies * dp * cp * tp;
}
