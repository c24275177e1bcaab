// What the judge of 4.5 looks at: means, the ring, messages, bytes per bucket, and when each bucket starts.
import { counted, explainSum, type Outcome, Wrong } from "worldsize/exercise";
import { type Bucket, bucketsOf, type Case, caseOf, elementsOf, numbersOf, wordsOf } from "./cases.ts";

export interface Report {
  /** Afterwards. */
  readonly gradients: readonly (readonly number[])[];
  /** By gradient: messages that this rank had sent when it was made. */
  readonly sentBefore: readonly number[];
  /** Gradients that had been made when the answer returned. */
  readonly made: number;
}

type Seen = Outcome<Report>;

const bytesOf = (bucket: Bucket): number => 4 * bucket.elements;

/** `buckets of at most 64 bytes: gradients 0 and 1 (64 bytes), gradient 2 (80 bytes)` */
export function planText(given: Case): string {
  const list = bucketsOf(given).map((bucket) => `${wordsOf(bucket)} (${counted(bytesOf(bucket), "byte")})`);
  return `the buckets of at most ${given.bucketBytes} bytes are ${list.join(", ")}`;
}

const givenTo = ({ seed, variant }: Seen): Case => caseOf(seed, variant);

/** A mean may be rounded in the order of its sum, and no more. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.abs(b);

/** @throws Wrong for the first element that is no mean, or that ranks have in different bits. */
export function judgeValues(outcome: Seen): void {
  const { size, ranks, reports, seed, variant } = outcome;
  const { shapes } = givenTo(outcome);
  const inputs = ranks.map((rank) => numbersOf(seed, variant, rank));
  const means = shapes.map((shape, g) =>
    Array.from({ length: elementsOf(shape) }, (_, e) => inputs.reduce((sum, own) => sum + own[g][e], 0) / size),
  );
  for (const rank of ranks) {
    for (const [g, mean] of means.entries()) {
      const got = reports[rank].gradients[g];
      const e = mean.findIndex((value, i) => !near(got[i], value));
      if (e < 0) continue;
      const own = inputs.map((each) => each[g][e]);
      const where = `on rank ${rank} of ${size}, element ${e} of ${mean.length} of gradient ${g}`;
      const hint = hintFor(outcome, { rank, g, got: got[e], mean: mean[e], own, means });
      throw new Wrong("the mean", `${where} is ${got[e]} but should be ${mean[e]}.${hint}`);
    }
  }
  for (const rank of ranks.slice(1)) {
    for (const [g, got] of reports[rank].gradients.entries()) {
      const e = got.findIndex((value, i) => value !== reports[0].gradients[g][i]);
      outcome.must(
        e < 0,
        "the same bits",
        `element ${e} of gradient ${g} is ${got[e]} on rank ${rank} and ${reports[0].gradients[g][e]} on rank 0: near enough to the mean, but ` +
          "models that are updated with different bits drift apart. Does each rank calculate what one should calculate and pass on?",
      );
    }
  }
}

interface Off {
  readonly rank: number;
  readonly g: number;
  readonly got: number;
  readonly mean: number;
  /** What each rank contributes to it. */
  readonly own: readonly number[];
  /** Of all gradients. */
  readonly means: readonly (readonly number[])[];
}

/** What a number that is no mean may be. */
function hintFor(outcome: Seen, { rank, g, got, mean, own, means }: Off): string {
  const { size, reports } = outcome;
  if (Number.isNaN(got)) {
    return ` NaN is what a gradient holds until it is ready: some rank copied it before ready(${g}) had returned, or copied what was never filled.`;
  }
  if (size > 1 && got === own[rank]) {
    const { made, gradients } = reports[rank];
    if (made < gradients.length) {
      return ` The answer returned when ${made} of ${gradients.length} gradients were ready. Is an await missing?`;
    }
    return " It is as backward made it: the mean belongs in the gradient itself.";
  }
  if (near(got, mean * size)) return " That is the sum: nothing divides it by n.";
  if (near(got, mean / size)) return " That is the mean divided by n once more: the sum is divided by n twice.";
  if (near(got, own[rank] / size)) return " That is this rank's own number divided by n: nothing was added to it.";
  const other = outcome.calls(rank).find(({ text }) => !/^\w+\(f32\[/.test(text));
  if (other) return ` Rank ${rank} called ${other.text}: f32 may not fit into that.`;
  const k = means.findIndex((all) => all.some((value) => near(got, value)));
  if (k >= 0 && k !== g) return ` That is a mean of gradient ${k}: is each gradient unpacked from where it was packed?`;
  if (k === g) return " That is the mean of another element of it: is it unpacked from where it was packed?";
  const why = explainSum(got * size, own);
  return why ? ` Times n, ${why}.` : " Look at what your ring makes of one bucket: it is the ring of 3.3.";
}

/** @throws Wrong when a rank sends to somebody who is no neighbour. */
export function judgeRing(outcome: Seen): void {
  const { size, ranks } = outcome;
  for (const rank of ranks) {
    const neighbours = [(rank + size - 1) % size, (rank + 1) % size];
    const far = outcome.peers(rank).find((peer) => !neighbours.includes(peer));
    outcome.must(
      far === undefined,
      "the ring",
      `rank ${rank} of ${size} sent to rank ${far}; in a ring its neighbours are ranks ${neighbours.join(" and ")}.`,
    );
  }
}

/** @throws Wrong when there are not 2 (n - 1) messages per bucket. */
export function judgeMessages(outcome: Seen): void {
  const { size, ranks } = outcome;
  const given = givenTo(outcome);
  const buckets = bucketsOf(given);
  const steps = 2 * (size - 1);
  const most = steps * buckets.length;
  // Of a bucket with fewer elements than ranks some chunks are empty, and need not be sent.
  const least = steps * buckets.filter(({ elements }) => elements >= size).length;
  const full = given.shapes.filter((shape) => elementsOf(shape) > 0).length;
  for (const rank of ranks) {
    const { messages } = outcome.sent(rank);
    if (messages >= least && messages <= most) continue;
    const rings =
      messages === steps * full || messages === steps * given.shapes.length
        ? " That is a ring for each gradient."
        : messages === steps
          ? " That is one ring for all of them."
          : messages % steps === 0
            ? ` That is ${counted(messages / steps, "ring")}.`
            : " That is no whole number of rings.";
    throw new Wrong(
      "messages",
      `rank ${rank} of ${size} sent ${counted(messages, "message")}; 2 (n - 1) per bucket are ${most}: ${planText(given)}.${rings}`,
    );
  }
}

/** @throws Wrong when a bucket's messages do not carry that bucket, and it alone. */
export function judgeBuckets(outcome: Seen): void {
  const { size, ranks } = outcome;
  const given = givenTo(outcome);
  const steps = 2 * (size - 1);
  for (const [b, bucket] of bucketsOf(given).entries()) {
    const most = steps * Math.ceil(bucket.elements / size) * 4;
    const sent = ranks.map((rank) => {
      const own = outcome.events(rank, "send").slice(steps * b, steps * (b + 1));
      return own.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
    });
    const all = sent.reduce((a, c) => a + c, 0);
    const rank = sent.findIndex((bytes) => bytes > most);
    const needed = steps * bytesOf(bucket);
    if (rank < 0 && all >= needed) continue;
    const which = `bucket ${b} is ${wordsOf(bucket)}, ${counted(bytesOf(bucket), "byte")}`;
    const where = `messages ${steps * b + 1} to ${steps * (b + 1)}`;
    const seen =
      rank < 0
        ? `the ${size} ranks' ${where} have ${all} bytes in all, and ${needed} are needed`
        : `rank ${rank}'s ${where} have ${sent[rank]} bytes, and 2 (n - 1)/n of it, in whole chunks, is at most ${most}`;
    throw new Wrong(
      "buckets",
      `at ${size} ranks ${which}: ${seen}. ${planText(given).replace("the", "The")}; each travels alone, in this order.`,
    );
  }
}

/** @throws Wrong when a bucket waited for a gradient that is not in it. */
export function judgeOverlap(outcome: Seen): void {
  const { size, ranks, reports, settings } = outcome;
  const buckets = bucketsOf(givenTo(outcome));
  const steps = 2 * (size - 1);
  // Over threads a later bucket may wait for other ranks, and those for their turn; the first waits for nobody.
  const judged = settings.transport === "local" ? buckets.length - 1 : 1;
  for (const rank of ranks) {
    const { sentBefore } = reports[rank];
    for (let b = 0; b < judged; b++) {
      const next = buckets[b + 1].first;
      if (sentBefore[next] > steps * b) continue;
      const never = sentBefore.every((sent) => sent === 0);
      throw new Wrong(
        "overlap",
        `rank ${rank} of ${size} had sent no message of bucket ${b} (${wordsOf(buckets[b])}) when gradient ${next} became ready, which is in bucket ${b + 1}. ` +
          (never
            ? "It had sent nothing at all when the last gradient was ready: the network was idle for the whole backward pass."
            : "What it waits for is not in the bucket: all sizes are known before the first gradient is ready."),
      );
    }
  }
}
