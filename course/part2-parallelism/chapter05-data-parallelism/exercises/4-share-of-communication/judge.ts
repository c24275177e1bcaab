// Judges 5.4: the clocks of a step and of a job, and what wrong ones may come from.
import { formed, Wrong } from "worldsize/exercise";
import { type Clock, clockOf, type Job, type Plan, ringSeconds } from "./cases.ts";

/** How far off a number may be. */
const NEAR = 1e-3;
const near = (a: number, b: number): boolean => Math.abs(a - b) <= NEAR * Math.max(Math.abs(b), 1e-9);

const ms = (seconds: number): string => `${Number((seconds * 1e3).toPrecision(4))} ms`;

interface Step {
  readonly messages: number;
  readonly seconds: number;
  readonly hidden: number;
}

/** @throws Wrong for the first number that is not what the clock says. */
export function judgePlan(value: unknown, plan: Plan): void {
  const { ranks, buckets, microBatches } = plan;
  const sizes = buckets.map(({ bytes, after }) => `${Math.round(bytes / 1024)} KiB after ${ms(after)}`);
  const text = sizes.length > 3 ? `${sizes.slice(0, 3).join(", ")} … (${sizes.length} buckets)` : sizes.join(", ");
  const batches = microBatches > 1 ? `, ${microBatches} micro-batches` : "";
  const what = `${ranks} ${ranks === 1 ? "rank" : "ranks"}, buckets of ${text}${batches}`;
  const form = { messages: "number", seconds: "number", hidden: "number" } as const;
  const got = formed<Step>(value, form, `${what}: step(plan)`);
  const clock = clockOf(plan);
  if (!near(got.messages, clock.messages)) {
    throw new Wrong(
      "the messages",
      `${what}: it says that messages take ${ms(got.messages)}; on virtual time they take ${ms(clock.messages)}.${messagesHint(got.messages, plan, clock)}`,
    );
  }
  if (!near(got.seconds, clock.seconds)) {
    const { full, start, end } = clock.sent[clock.sent.length - 1];
    const last = `Backward ends ${ms(full)} after its beginning; the last bucket starts at ${ms(start)} and has arrived at ${ms(end)}.`;
    throw new Wrong(
      "the step",
      `${what}: it says that the step takes ${ms(got.seconds)}; it takes ${ms(clock.seconds)}. ${last}${secondsHint(got.seconds, plan, clock)}`,
    );
  }
  const shorter = Math.min(clock.messages, clock.backward);
  const hidden = shorter === 0 ? 0 : (clock.inTurns - clock.seconds) / shorter;
  if (Math.abs(got.hidden - hidden) > NEAR) {
    throw new Wrong(
      "what is hidden",
      `${what}: it says that ${share(got.hidden)} is hidden; in turns the step takes ${ms(clock.inTurns)}, overlapped ${ms(clock.seconds)}, and ${ms(shorter)} could be hidden: ${share(hidden)}.${hiddenHint(got.hidden, clock)}`,
    );
  }
}

/** Ranks that are too many for every job: a ring of more takes long, on virtual time, too. */
const ENOUGH = 64;

const share = (part: number): string => `${Number((100 * part).toPrecision(3))} %`;

/** What a wrong time of messages may come from. */
function messagesHint(got: number, plan: Plan, { messages }: Clock): string {
  const { ranks, alpha, beta, microBatches, buckets } = plan;
  const bytes = buckets.reduce((sum, bucket) => sum + bucket.bytes, 0);
  const wire = ((2 * (ranks - 1)) / ranks) * bytes * beta;
  if (microBatches > 1 && near(got, microBatches * messages))
    return " That is for every micro-batch: only the last one sends.";
  if (near(got, wire + alpha * buckets.length) || near(got, wire + alpha))
    return " A bucket takes 2 (n - 1) messages, one after the other, and each has its latency.";
  if (near(got, 2 * (buckets.length * alpha + bytes * beta)) || near(got, 2 * (ranks - 1) * (buckets.length * alpha + bytes * beta)))
    return " Each of the 2 (n - 1) messages carries 1/n of a bucket."; // biome-ignore format: one choice
  if (near(got, messages / 2)) return " A ring goes round twice: once for the sums, once to hand them out.";
  return "";
}

/** What a wrong time of a step may come from. */
function secondsHint(got: number, { forward, microBatches }: Plan, clock: Clock): string {
  const { before, backward, messages, sent, inTurns } = clock;
  if (near(got, inTurns)) return " That is in turns: a bucket may leave while backward goes on.";
  if (near(got, before + backward)) return " The last bucket is full when backward ends, and still has to travel.";
  if (near(got, before + Math.max(backward, messages)))
    return " The longer of the two is not enough: nothing can be sent before a bucket is full.";
  const apart = Math.max(...sent.map(({ full, start, end }) => full + end - start));
  if (near(got, before + apart)) return " The link carries one bucket at a time: is it free when this one is full?";
  if (near(got, inTurns - (1 - 1 / sent.length) * Math.min(messages, backward)))
    return " That is as if all buckets were equal, and full after equal times: go through them one by one.";
  if (microBatches > 1 && near(got, clock.seconds - before + forward))
    return " All micro-batches are part of the step.";
  return "";
}

/** What a wrong share may come from. */
function hiddenHint(got: number, { inTurns, seconds, messages, backward }: Clock): string {
  const saved = inTurns - seconds;
  if (near(got, saved / messages) || near(got, saved / backward))
    return " It is a share of the shorter one: more than that cannot be hidden.";
  if (near(got, saved / inTurns)) return " It is a share of what could be hidden, not of the step.";
  if (near(got, saved)) return " That is in seconds.";
  return "";
}

/** @throws Wrong when one rank more would still do, or these are too many. */
export function judgeJob(value: unknown, job: Job): void {
  const { samples, backward, bytes, alpha, beta } = job;
  const what = `${samples} samples of ${ms(backward)}, ${Math.round(bytes / 2 ** 20)} MiB, alpha ${ms(alpha)}, 1/beta ${(1e-9 / beta).toPrecision(3)} GB/s`;
  const n = formed<number>(value, "number", `${what}: mostRanks(job)`);
  if (!(Number.isInteger(n) && n >= 1))
    throw new Wrong("the most ranks", `${what}: it says ${n}; a number of ranks is whole, and at least 1.`);
  const at = (ranks: number): { messages: number; computes: number } => {
    return { messages: ringSeconds(ranks, bytes, alpha, beta), computes: (backward * samples) / ranks };
  };
  const told = (ranks: number): string => {
    const { messages, computes } = at(ranks);
    return `with ${ranks} ${ranks === 1 ? "rank" : "ranks"} messages take ${ms(messages)} and backward ${ms(computes)}`;
  };
  const few = Math.min(n, ENOUGH);
  const [here, next] = [at(few), at(few + 1)];
  if (here.messages > here.computes * (1 + NEAR))
    throw new Wrong("the most ranks", `${what}: it says ${n}, but ${few < n ? "already " : ""}${told(few)}: too many.`);
  if (next.messages < next.computes * (1 - NEAR)) {
    const hint = near(here.computes, next.computes) ? "" : " Each rank more leaves less of backward to each.";
    throw new Wrong("the most ranks", `${what}: it says ${n}, but ${told(n + 1)}: there can be more.${hint}`);
  }
}
