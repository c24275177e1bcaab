/** What an answer that has passed cost, beside what our solution costs in the same run: messages and bytes. */
import type { RankTraffic } from "../../world/index.ts";
import { type RunSettings, sentBy } from "../outcome.ts";

/** Most of any rank. */
export interface Cost {
  readonly messages: number;
  readonly bytes: number;
}

export interface Marks {
  readonly world: number;
  readonly answer: Cost;
  readonly ours: Cost;
}

/** What the rank that sent most has sent. */
export function costOf(traffic: readonly RankTraffic[]): Cost {
  const all = traffic.map(({ events }) => sentBy(events));
  return {
    messages: Math.max(0, ...all.map(({ messages }) => messages)),
    bytes: Math.max(0, ...all.map(({ bytes }) => bytes)),
  };
}

/** The run that marks are taken of: the largest in one thread with turns in order, which cost the same each time. */
export function markedRun(plan: readonly RunSettings[]): RunSettings | undefined {
  return plan.filter(({ transport, interleaving }) => transport === "local" && interleaving === undefined).at(-1);
}

/** `at 5 ranks a rank sends at most 8 messages and 1,120 bytes; our solution 8 and 1,120` */
export function marksText({ world, answer, ours }: Marks): string {
  const count = (n: number, what: string): string => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
  const same = answer.messages === ours.messages && answer.bytes === ours.bytes;
  const own = `at ${count(world, "rank")}, a rank sends at most ${count(answer.messages, "message")} and ${count(answer.bytes, "byte")}`;
  return `${own}; our solution ${same ? "as well" : `${count(ours.messages, "message")} and ${count(ours.bytes, "byte")}`}`;
}
