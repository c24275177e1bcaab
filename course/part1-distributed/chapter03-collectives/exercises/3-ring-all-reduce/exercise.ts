// Checks 3.3: sums, the operations used, whom each rank talks to, and that it sends no more and no less than a ring.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, defineExercise, explainSum, type Outcome, Wrong, watch, wholes } from "worldsize/exercise";

interface RingAnswer extends Answer {
  ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void>;
}

/** Lengths that the world size does not divide, and one below it. */
const lengthOf = (size: number, variant: number): number => [7 * size + 1, 1, 5 * size + 3, 2 * size - 1][variant % 4];

/** A rank's numbers, all with a half; the first run of a world size has the same at every seed. */
function numbersOf(seed: number, size: number, variant: number, rank: number): number[] {
  return wholes(variant === 0 ? 33 : seed, lengthOf(size, variant), rank).map((whole) => whole + 0.5);
}

interface Report {
  /** x afterwards. */
  readonly x: readonly number[];
  /** What it sent, by message. */
  readonly sent: readonly (readonly number[])[];
}

export default defineExercise<Report>({
  number: "3.3",
  title: "Ring all_reduce from send and recv",
  exports: ["ringAllReduce"],
  worlds: [1, 2, 3, 5, 8],
  interleavings: 3,
  bound(size, variant) {
    const messages = 2 * (size - 1);
    const bytes = Math.ceil((messages / size) * 4 * lengthOf(size, variant));
    return { because: "2 (n - 1) steps, each with a chunk", messages, bytes, inARow: { messages, bytes } };
  },
  hints: [
    "Cut the tensor into as many chunks as there are ranks. In a first phase every chunk travels once around the ring and collects every rank's numbers; in a second one it travels around again, finished. Which chunk is complete on a rank after the first phase?",
    "In step s of the first phase, rank r sends chunk r - s to its right and receives chunk r - s - 1 from its left into a tensor of its own, then adds it. After n - 1 steps, chunk r + 1 is complete on rank r. In step s of the second phase, it sends chunk r + 1 - s and receives chunk r - s in place. All modulo n.",
    "Both calls of a step must be in flight before either is awaited: await Promise.all([world.send(a, right), world.recv(b, left)]). Chunk c is x.slice(0, Math.floor((x.size * c) / n), Math.floor((x.size * (c + 1)) / n)): so no element is left over, and a chunk may be empty.",
  ],
  questions: [
    {
      ask: "Four ranks, nine floats. How many messages does one rank send?",
      world: 4,
      answer: (outcome) => outcome.sent(0).messages,
      because: "Two phases of n - 1 steps, one message to the right in each: 2 (4 - 1).",
    },
    {
      ask: "Two ranks, 15 floats. How many bytes does rank 0 send?",
      world: 2,
      answer: (outcome) => outcome.sent(0).bytes,
      because:
        "2 (n - 1)/n of the buffer is the whole buffer when n = 2: each rank sends one half, then the other, 15 × 4 bytes together.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const mine = numbersOf(seed, world.size, variant, world.rank);
    const x = device.from(mine, [mine.length]);
    const watched = watch(world);
    await (answer as RingAnswer).ringAllReduce(watched.world, device, x);
    const sends = (await watched.calls()).filter(({ kind }) => kind === "send");
    return { x: [...(await x.data())], sent: sends.map(({ gave }) => gave as number[]) };
  },
  judge(outcome) {
    const { size, ranks } = outcome;
    outcome.allowOnly(["send", "recv"], "The ring should be made of send and recv alone.");
    judgeSums(outcome);
    for (const rank of ranks) {
      const neighbours = [(rank + size - 1) % size, (rank + 1) % size];
      const far = outcome.peers(rank).find((peer) => !neighbours.includes(peer));
      outcome.must(
        far === undefined,
        "the ring",
        `rank ${rank} of ${size} sent to rank ${far}; in a ring its neighbours are ranks ${neighbours.join(" and ")}.`,
      );
    }
    judgeTraffic(outcome);
  },
});

/** @throws Wrong for the first element that is no sum. */
function judgeSums(outcome: Outcome<Report>): void {
  const { size, ranks, seed, variant } = outcome;
  const reports = outcome.reports.map(({ x }) => x);
  const length = lengthOf(size, variant);
  const inputs = ranks.map((rank) => numbersOf(seed, size, variant, rank));
  const sums = inputs[0].map((_, i) => inputs.reduce((sum, numbers) => sum + numbers[i], 0));
  const wrong = ranks.flatMap((rank) =>
    sums.flatMap((sum, i) => (reports[rank][i] === sum ? [] : [{ rank, i, got: reports[rank][i] }])),
  );
  if (wrong.length === 0) return;
  const [{ rank, i, got }] = wrong;
  const numbers = inputs.map((input) => input[i]);
  const why = explainSum(got, numbers);
  const rest = length - (length % size);
  const untouched = ranks.every((each) => reports[each].every((number, at) => number === inputs[each][at]));
  const other = outcome.calls(rank).find(({ text }) => !/^\w+\(f32\[/.test(text));
  const hint = other
    ? ` Rank ${rank} called ${other.text}: f32 may not fit into that.`
    : size === 1
      ? " A rank that is alone has the sum already."
      : untouched
        ? " Every rank's x is as it was before the call: the sum belongs in x itself."
        : rest > 0 && wrong.every((each) => each.i >= rest)
          ? ` Only the elements that are left over when ${length} are divided among ${size} ranks are wrong.`
          : steps(rank, outcome.sent(rank).messages, size, length < size, phaseOf(outcome.reports, sums, inputs));
  const is = `on rank ${rank} of ${size}, element ${i} of ${length} is ${got} but should be ${sums[i]}`;
  throw new Wrong("the sum", `${is}${why ? `: ${why}` : ""}.${hint}`);
}

/** Where to look, by what each rank sends first in the second phase: a chunk of finished sums. */
function phaseOf(reports: readonly Report[], sums: readonly number[], inputs: readonly (readonly number[])[]): string {
  const size = reports.length;
  const first = reports.map(({ sent }) => sent[size - 1] ?? []);
  const rank = first.findIndex((numbers) => numbers.some((number) => !sums.includes(number)));
  if (rank < 0) {
    const known = first.every((numbers) => numbers.length > 0);
    return `${known ? "the second phase begins with finished sums: " : ""}look at which chunk goes when, and at what is done with it.`;
  }
  const odd = first[rank].find((number) => !sums.includes(number));
  const holds = `rank ${rank}'s message ${size}, the first of the second phase, holds ${odd}, which is not a finished sum`;
  const arrived = reports[(rank + size - 1) % size].sent[size - 2]?.[0] ?? Number.NaN;
  const own = inputs[rank];
  const at = sums.findIndex((sum, i) => arrived + own[i] === sum); // what arrived lacks this rank's number only
  if (at < 0) return `${holds}, and neither was what came last with its own added. Look at the first phase.`;
  if (first[rank][0] === arrived) return `${holds}: it is what came last, and its own numbers are not added.`;
  if (first[rank][0] === own[at]) return `${holds}: what came last is not added to its own numbers.`;
  return `${holds}. It could have finished another chunk, with what came last: is the right one sent?`;
}

/** What the number of messages says about a wrong sum. @param mayBeLess where chunks are empty, and need not be sent. */
function steps(rank: number, messages: number, size: number, mayBeLess: boolean, phase: string): string {
  const needed = 2 * (size - 1);
  if (messages < needed && mayBeLess) return ` Some chunks are empty here; ${phase}`;
  if (messages === needed) return ` The number of messages is right; ${phase}`;
  return ` Rank ${rank} sent ${counted(messages)}, too ${messages < needed ? "few" : "many"}: two phases of n - 1 steps are ${needed}.`;
}

/** @throws Wrong when a rank sent too much or too little. */
function judgeTraffic(outcome: Outcome<Report>): void {
  const { size, ranks } = outcome;
  const length = lengthOf(size, outcome.variant);
  const inAll = 2 * (size - 1);
  const most = inAll * Math.ceil(length / size) * 4;
  const least = 2 * (length - Math.floor(length / size) - (length % size)) * 4;
  for (const rank of ranks) {
    const { bytes, messages } = outcome.sent(rank);
    // A chunk may be empty where there are fewer elements than ranks, and need not be sent then.
    const inSteps = messages === inAll || (length < size && messages < inAll);
    outcome.must(
      inSteps && bytes >= least && bytes <= most,
      "bytes sent",
      `rank ${rank} of ${size} sent ${bytes} bytes in ${counted(messages)}. A ring all_reduce sends 2 (n - 1) = ${inAll} messages of a chunk each, ` +
        `here ${least} to ${most} bytes in all: 2 (n - 1)/n of the ${length * 4}-byte buffer.`,
    );
  }
  const all = ranks.reduce((sum, rank) => sum + outcome.sent(rank).bytes, 0);
  const needed = inAll * length * 4;
  outcome.must(
    all >= needed,
    "bytes sent",
    `the ${size} ranks sent ${all} bytes in all; ${length} elements of 4 bytes that travel around twice, n - 1 steps each time, are ${needed}.`,
  );
}

function counted(messages: number): string {
  return `${messages} ${messages === 1 ? "message" : "messages"}`;
}
