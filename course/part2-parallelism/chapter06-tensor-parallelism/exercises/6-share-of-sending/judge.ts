// Judges 6.6: the parts of a layer's time, the number of ranks, and what wrong ones may come from.
import { formed, Wrong } from "worldsize/exercise";
import { allowed, type Clock, type Cluster, clockOf, type Plan, secondsOn } from "./cases.ts";

/** How far off a number may be. */
const NEAR = 1e-3;
const near = (a: number, b: number): boolean => Math.abs(a - b) <= NEAR * Math.max(Math.abs(b), 1e-12);

const time = (seconds: number): string =>
  seconds !== 0 && Math.abs(seconds) < 1e-4
    ? `${Number((seconds * 1e6).toPrecision(4))} µs`
    : `${Number((seconds * 1e3).toPrecision(4))} ms`;
const counted = (ranks: number): string => `${ranks} ${ranks === 1 ? "rank" : "ranks"}`;

interface Layer {
  readonly sending: number;
  readonly computing: number;
  readonly seconds: number;
}

/** @throws Wrong for the first number that is not what the clock says. */
export function judgePlan(value: unknown, plan: Plan): void {
  const { ranks, tokens, width, bytes, overlap } = plan;
  const what = `${counted(ranks)}, ${tokens} tokens of ${width}, ${bytes} bytes each${overlap ? ", overlap" : ""}`;
  const form = { sending: "number", computing: "number", seconds: "number" } as const;
  const got = formed<Layer>(value, form, `${what}: layer(plan)`);
  const clock = clockOf(plan);
  const told = (part: string, mine: number, right: number): string =>
    `${what}: it says ${time(mine)} of ${part}; it is ${time(right)}.`;
  if (!near(got.sending, clock.sending)) {
    const ring = `${told("sending", got.sending, clock.sending)} One all_reduce takes ${time(clock.reduce)} on virtual time.`;
    throw new Wrong("the sending", `${ring}${sendingHint(got.sending, plan, clock)}`);
  }
  if (!near(got.computing, clock.computing)) {
    throw new Wrong(
      "the computing",
      `${told("computing", got.computing, clock.computing)}${computingHint(got.computing, plan, clock)}`,
    );
  }
  if (!near(got.seconds, clock.seconds)) {
    const [attention, mlp] = clock.weights.map(time);
    const parts = overlap
      ? ` Gradients of q, k and v take ${attention}, of up ${mlp}, an all_reduce ${time(clock.reduce)}.`
      : "";
    throw new Wrong(
      "the layer",
      `${told("the whole layer", got.seconds, clock.seconds)}${parts}${secondsHint(got.seconds, clock)}`,
    );
  }
}

/** What a wrong time of sending may come from. */
function sendingHint(got: number, { ranks, tokens, width, bytes, link }: Plan, { sending }: Clock): string {
  const whole = tokens * width * bytes * link.beta;
  if (near(got, sending / 2)) return " Attention and MLP have one all_reduce each, forward and backward.";
  if (near(got, 8 * (ranks - 1) * (link.alpha + whole)) || near(got, 8 * (link.alpha + whole)))
    return " Each of the 2 (n - 1) messages carries 1/n of the tensor.";
  if (near(got, 4 * (link.alpha + ((2 * (ranks - 1)) / ranks) * whole)))
    return " Each of the 2 (n - 1) messages has its latency.";
  if (near(got, sending * ranks)) return " Ranks send at the same time: it is the time of one.";
  return "";
}

/** What a wrong time of computing may come from. */
function computingHint(got: number, { ranks }: Plan, { forward, computing }: Clock): string {
  if (near(got, 2 * forward)) return " Backward makes two products of each weight.";
  if (near(got, forward)) return " Backward computes, too: two products of each weight.";
  if (ranks > 1 && near(got, computing * ranks)) return " The products are shared out among the ranks.";
  if (near(got, computing / 2)) return " A product is a multiplication and an addition: 2 operations.";
  return "";
}

/** What a wrong time of a layer may come from. */
function secondsHint(got: number, { sending, computing, reduce, forward }: Clock): string {
  const inTurns = sending + computing;
  const behind = (...hides: number[]): number => inTurns - hides.reduce((sum, each) => sum + Math.min(reduce, each), 0);
  if (near(got, inTurns)) return " That is in turns: two of the four all_reduces can travel while a rank computes.";
  if (near(got, Math.max(sending, computing)) || near(got, inTurns - Math.min(sending, 2 * forward)))
    return " Not all of it can hide: forward, the next product needs the sum.";
  if (near(got, behind(forward / 3, (2 * forward) / 3)) || near(got, inTurns - Math.min(2 * reduce, forward)))
    return " Only gradients of weights that are cut by columns can be computed meanwhile: those of the others do not come then.";
  if (near(got, inTurns - 2 * reduce))
    return " What is longer counts: an all_reduce hides only as far as there is something to compute.";
  return "";
}

/** @throws Wrong for a number of ranks that cannot be, or with which another one is faster. */
export function judgeCluster(value: unknown, cluster: Cluster): void {
  const { tokens, width, heads, perNode } = cluster;
  const what = `${tokens} tokens of ${width}, ${heads} heads, nodes of ${perNode}`;
  const ranks = formed<number>(value, "number", `${what}: fastest(cluster)`);
  const can = allowed(cluster);
  if (!can.includes(ranks)) {
    throw new Wrong("the fastest", `${what}: it says ${ranks}, but ${heads} heads are for ${can.join(", ")} ranks.`);
  }
  const [best] = can.toSorted((a, b) => secondsOn(cluster, a) - secondsOn(cluster, b));
  const [mine, least] = [ranks, best].map((each) => secondsOn(cluster, each));
  if (mine <= least * (1 + NEAR)) return;
  const hint =
    ranks > perNode && best <= perNode
      ? " Its ring goes between nodes, and each of its steps is as slow as the slowest link."
      : ranks < best && ranks > 1 && best > perNode
        ? " A second node may pay, where computing takes long."
        : "";
  throw new Wrong(
    "the fastest",
    `${what}: it says ${ranks}, which takes ${time(mine)}; ${counted(best)} ${best === 1 ? "takes" : "take"} ${time(least)}.${hint}`,
  );
}
