// Checks 1.2: each role's result, who sends what to whom, and that the odd rank's result is made of what came.
import type { ProcessGroup, TensorDevice } from "worldsize";
import {
  type Answer,
  defineExercise,
  formed,
  type Outcome,
  plainOf,
  type Watched,
  Wrong,
  watch,
  wordsOfValue,
} from "worldsize/exercise";

interface PairAnswer extends Answer {
  pairWork(world: ProcessGroup, device: TensorDevice): Promise<number>;
}

interface Report {
  readonly returned: unknown;
  readonly calls: readonly Watched[];
  /** What it returned in another run, where PLUS was added to what is sent; not in the first run. */
  readonly again: { readonly returned: unknown } | undefined;
}

const PLUS = 1000;

export default defineExercise<Report>({
  number: "1.2",
  title: "Even and odd ranks do different work",
  exports: ["pairWork"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "SPMD: every rank runs the same function, and an if on world.rank gives each its part. Which ranks have a partner above them?",
    'An even rank has a partner if world.rank + 1 < world.size. It makes device.tensor([r * r], "i32") and sends it; the odd one makes device.zeros([1], "i32") to receive into.',
    "if (rank % 2 === 1) { await world.recv(x, rank - 1); return (await x.item()) + rank; } and otherwise: if (rank + 1 < size) await world.send(x, rank + 1); return rank * rank;",
  ],
  questions: [
    {
      ask: "On 5 ranks, how many messages are sent?",
      world: 5,
      answer: (outcome) => outcome.ranks.reduce((sum, rank) => sum + outcome.sent(rank).messages, 0),
      because: "0 → 1 and 2 → 3; rank 4 has no partner.",
    },
    {
      ask: "On 5 ranks, what does rank 3 return?",
      world: 5,
      answer: (outcome) => Number((outcome.reports[3] as Report).returned),
      because: "It receives 2 × 2 and adds its own rank: 4 + 3.",
    },
  ],
  async run(answer, { context: { world, device }, variant }) {
    const { pairWork } = answer as PairAnswer;
    const first = watch(world);
    const returned = plainOf(await pairWork(first.world, device));
    const calls = await first.calls();
    if (variant === 0) return { returned, calls, again: undefined };
    const second = watch(world, PLUS);
    return { returned, calls, again: { returned: plainOf(await pairWork(second.world, device)) } };
  },
  judge(outcome) {
    const { size, ranks, reports } = outcome;
    outcome.allowOnly(["send", "recv"], "Each pair needs one send and one recv, nothing more.");
    for (const rank of ranks) {
      judgeResult(outcome, rank);
      judgeSent(rank, size, reports[rank].calls);
    }
    // Rank 0's number is its own square: rank 1 would not tell what a mistake is.
    for (const rank of ranks.filter((each) => each % 2 === 1 && each > 1)) {
      const { again } = reports[rank];
      const expected = (rank - 1) ** 2 + PLUS + rank;
      if (!again || again.returned === expected) continue;
      throw new Wrong(
        "what came",
        `rank ${rank} does not return what it received plus its own rank: when another number came from rank ${rank - 1}, ${(rank - 1) ** 2 + PLUS}, it returned ${wordsOfValue(again.returned)}, and should have returned ${expected}.`,
      );
    }
  },
});

/** @throws Wrong when a rank's result is another. */
function judgeResult({ reports }: Outcome<Report>, rank: number): void {
  const even = rank % 2 === 0;
  const expected = even ? rank * rank : (rank - 1) ** 2 + rank;
  const role = even ? "even" : "odd";
  const { returned } = reports[rank];
  if (typeof returned === "string" && returned.includes("Promise"))
    throw new Wrong("the result", `rank ${rank} returned the string "${returned}". Is an await missing before item()?`);
  const got = formed<number>(returned, "number", `the result of rank ${rank}, which is ${role},`);
  if (got === expected) return;
  const how = even ? `${rank} × ${rank}` : `${rank - 1} × ${rank - 1} + ${rank}`;
  throw new Wrong(
    "the result",
    `rank ${rank}, which is ${role}, returned ${got}; it should return ${how} = ${expected}.`,
  );
}

/** @throws Wrong when a rank sends other messages than it should. */
function judgeSent(rank: number, size: number, calls: readonly Watched[]): void {
  const sent = calls.filter(({ kind }) => kind === "send");
  const [first] = sent;
  if (rank % 2 === 1 || rank + 1 === size) {
    if (!first) return;
    const why = rank % 2 === 1 ? "is odd" : "has no partner";
    throw new Wrong(
      "who sends",
      `rank ${rank} ${why}, and sent a message to rank ${first.peer}; it should send nothing.`,
    );
  }
  const wanted = `It should send one number, ${rank} × ${rank} = ${rank * rank}, as one i32, to rank ${rank + 1}.`;
  if (sent.length !== 1 || first.peer !== rank + 1) {
    const messages = sent.length === 1 ? "1 message" : `${sent.length} messages`;
    const peers = [...new Set(sent.map(({ peer }) => peer))].join(", ");
    throw new Wrong(
      "who sends",
      `rank ${rank} sent ${messages}${sent.length > 0 ? ` to rank ${peers}` : ""}. ${wanted}`,
    );
  }
  const gave = first.gave as number[];
  if (gave.length !== 1)
    throw new Wrong(
      "what is sent",
      `rank ${rank} sent a message of ${gave.length} numbers to rank ${first.peer}. ${wanted}`,
    );
  if (gave[0] !== rank * rank)
    throw new Wrong("what is sent", `rank ${rank} sent the number ${gave[0]} to rank ${first.peer}. ${wanted}`);
  const hint = first.dtype === "f32" ? ' A tensor is f32 unless its dtype is given: device.tensor([x], "i32").' : "";
  if (first.dtype !== "i32")
    throw new Wrong("what is sent", `rank ${rank} sent its number as ${first.dtype}. ${wanted}${hint}`);
}
