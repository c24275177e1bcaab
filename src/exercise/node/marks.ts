/**
 * What an answer that has passed cost, beside what our solution costs in the same run, and with how little
 * any answer can do: messages and bytes of the rank that sends most, and the time that the messages would take on
 * described links.
 */
import type { RankTraffic } from "../../world/index.ts";
import type { Bound } from "../define.ts";
import { counted } from "../messages.ts";
import { type RunSettings, sentBy } from "../outcome.ts";
import { type VirtualLink, virtualSeconds } from "../virtual-time.ts";

export interface Cost {
  /** Most of any rank. */
  readonly messages: number;
  readonly bytes: number;
  /** Virtual time until the last rank is done; undefined where collectives are called. */
  readonly microseconds?: number;
}

export interface Marks {
  readonly world: number;
  readonly answer: Cost;
  readonly ours: Cost;
  /** No answer can do with less. */
  readonly bound?: Partial<Cost> & { readonly because: string };
}

/** The links on which virtual time passes: those of the course's examples. */
export const markLink: VirtualLink = { alpha: 20e-6, beta: 1e-9 };

/** What the rank that sent most has sent, and how long all of it would take. */
export function costOf(traffic: readonly RankTraffic[]): Cost {
  const all = traffic.map(({ events }) => sentBy(events));
  const seconds = virtualSeconds(traffic, markLink);
  return {
    messages: Math.max(0, ...all.map(({ messages }) => messages)),
    bytes: Math.max(0, ...all.map(({ bytes }) => bytes)),
    ...(seconds === undefined ? {} : { microseconds: tenth(seconds * 1e6) }),
  };
}

/** A bound as a cost. */
export function boundCost({ because, messages, bytes, inARow }: Bound): Marks["bound"] {
  const seconds = inARow.messages * markLink.alpha + inARow.bytes * markLink.beta;
  return { because, messages, bytes, microseconds: tenth(seconds * 1e6) };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;

/** The run that marks are taken of: the largest in one thread with turns in order, which cost the same each time. */
export function markedRun(plan: readonly RunSettings[]): RunSettings | undefined {
  return plan.filter(({ transport, interleaving }) => transport === "local" && interleaving === undefined).at(-1);
}

/** The rows of a table of marks: what is counted, and how much of it. */
export function markRows({
  answer,
  ours,
  bound,
}: Marks): readonly (readonly [what: string, ...costs: (number | undefined)[]])[] {
  const rows = (["messages", "bytes", "microseconds"] as const).map(
    (what) => [what, answer[what], ours[what], bound?.[what]] as const,
  );
  return rows.filter(([, own]) => own !== undefined);
}

/** `at 5 ranks, a rank sends at most 8 messages and 1,120 bytes; our solution the same`, and a line on time. */
export function marksText({ world, answer, ours, bound }: Marks): string[] {
  const sent = ({ messages, bytes }: Cost): string => `${words(messages, "message")} and ${words(bytes, "byte")}`;
  const isSame = answer.messages === ours.messages && answer.bytes === ours.bytes;
  const lines = [
    `at ${counted(world, "rank")}, a rank sends at most ${sent(answer)}; our solution ${isSame ? "the same" : sent(ours)}`,
  ];
  if (answer.microseconds === undefined || ours.microseconds === undefined) return lines;
  const own = `on links of 20 µs and 1 GB/s that takes ${time(answer.microseconds)}`;
  const our = answer.microseconds === ours.microseconds ? "the same" : time(ours.microseconds);
  const least = bound?.microseconds === undefined ? "" : `; the minimum is ${time(bound.microseconds)}`;
  return [...lines, `${own}; our solution ${our}${least}`];
}

const words = (count: number, what: string): string => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

const time = (microseconds: number): string => `${microseconds.toLocaleString("en")} µs`;
