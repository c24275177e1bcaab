// Checks 6.2: pairs for join, and sequences for ringAttention. What is judged stands in judge.ts.
import { type ProcessGroup, Tensor, type TensorDevice } from "worldsize";
import { changeOf, defineExercise, Odd, plainOf, watch } from "worldsize/exercise";
import { type One, pairsOf, sequencesOf } from "./cases.ts";
import { judgeJoin, judgeRing, judgeTraffic, type Report, type Returned } from "./judge.ts";

interface Found {
  readonly o: Tensor;
  readonly lse: Tensor;
}

type Join = (device: TensorDevice, a: Found, b: Found) => unknown;
type Attend = (q: Tensor, k: Tensor, v: Tensor) => Found;
type Ring = (
  world: ProcessGroup,
  device: TensorDevice,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  lengths: number[],
  attend: Attend,
) => Promise<unknown>;

export default defineExercise<Report>({
  number: "6.2",
  title: "Online softmax",
  exports: ["join", "ringAttention"],
  worlds: [1, 2, 3, 5],
  interleavings: 2,
  hints: [
    "Write o as a fraction: its numerator is Σ exp(score) v, its denominator exp(lse). The numerators of a and b can be added, and so can the denominators. Which numbers of that are too large to be written down?",
    "Divide everything by exp(top), with top the larger lse: a weighs exp(a.lse - top) and b exp(b.lse - top), and the larger of them is 1. o is (a.o of a's weight + b.o of b's weight) / their sum; lse is top + log of their sum. If both lse are -Infinity, the difference is NaN: use a finite top there.",
    "const top = a.lse.maximum(b.lse).maximum(-1e38); weights a.lse.sub(top).exp() and b.lse.sub(top).exp(); total is their sum, at least 1 or 0: divide by total.maximum(1), with unsqueeze(1) for the dim. In the ring, step s brings the block of rank - s: device.empty([lengths[(rank - s + size) % size], dim]), and both sends and both receives are in flight before one is awaited.",
  ],
  questions: [
    {
      ask: "a has lse = 10,000, b has 9,999. Which part of o comes from b? In percent, to two digits.",
      world: 1,
      answer: ({ reports }) => {
        const { o } = (reports[0] as Report).joins[1];
        return Number((((o.numbers?.[0] ?? 1) - 1) * 100).toPrecision(2));
      },
      because: "Only the difference counts: 1/(1 + e). With o = 1 in a and 2 in b, the result is 1.27.",
    },
    {
      ask: "3 ranks. How many messages does a rank send, if keys and values travel in messages of their own?",
      world: 3,
      answer: ({ reports }) => (reports[0] as Report).rings[0].messages,
      because: "n - 1 steps with two messages each: 2 × 2.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const { join, ringAttention } = answer as unknown as { readonly join: Join; readonly ringAttention: Ring };
    const joins: Report["joins"][number][] = [];
    for (const { a, b } of pairsOf(seed)) {
      const given = [a, b].map((list) => foundOf(device, list));
      const before = [a, b].flatMap((list) => [list.flatMap(({ o }) => o), list.map(({ lse }) => lse)]);
      const result = await read(await join(device, { ...given[0] }, { ...given[1] }));
      const tensors = given.flatMap(({ o, lse }) => [o, lse]);
      joins.push({ ...result, changed: await changed(tensors, before, ["a.o", "a.lse", "b.o", "b.lse"]) });
    }
    const rings: Report["rings"][number][] = [];
    for (const { ranks } of sequencesOf(seed, world.size)) {
      const { q, k, v } = ranks[world.rank];
      const [queries, keys, values] = [q, k, v].map((rows) => device.from(rows.flat(), [rows.length, 2]));
      const watched = watch(world);
      const lengths = ranks.map((each) => each.k.length);
      const result = await read(
        await ringAttention(watched.world, device, queries, keys, values, lengths, (...args) =>
          attend(device, ...args),
        ),
      );
      const sends = (await watched.calls()).filter(({ kind }) => kind === "send");
      rings.push({
        ...result,
        changed: await changed([queries, keys, values], [q.flat(), k.flat(), v.flat()], ["q", "k", "v"]),
        messages: sends.length,
        elements: sends.reduce((sum, { gave }) => sum + (gave as number[]).length, 0),
        peers: sends.map(({ peer = -1 }) => peer),
      });
    }
    return { joins, rings };
  },
  judge(outcome) {
    outcome.allowOnly(["send", "recv"], "The blocks are to travel by send and recv alone.");
    for (const at of pairsOf(outcome.seed).keys()) judgeJoin(outcome, at);
    for (const at of sequencesOf(outcome.seed, outcome.size).keys()) {
      judgeRing(outcome, at);
      judgeTraffic(outcome, at);
    }
  },
});

function foundOf(device: TensorDevice, list: readonly One[]): Found {
  const o = list.flatMap((one) => one.o);
  const lse = list.map((one) => one.lse);
  return { o: device.from(o, [list.length, o.length / list.length]), lse: device.from(lse, [list.length]) };
}

/** What queries find among some keys; o is 0 and lse -Infinity among none. */
function attend(device: TensorDevice, q: Tensor, k: Tensor, v: Tensor): Found {
  const [queries] = q.shape;
  if (k.shape[0] === 0) return { o: device.zeros([queries, v.shape[1]]), lse: device.full([queries], -Infinity) };
  const scores = q.matmul(k.transpose(0, 1));
  const top = scores.max(1, true);
  const weights = scores.sub(top).exp();
  const total = weights.sum(1, true);
  return { o: weights.matmul(v).div(total), lse: total.log().add(top).reshape([queries]) };
}

async function changed(tensors: Tensor[], before: readonly (readonly number[])[], names: string[]) {
  for (const [i, tensor] of tensors.entries()) {
    const change = await changeOf(tensor, before[i], names[i]);
    if (change) return change;
  }
  return undefined;
}

/** o and lse of what an answer returned; words where there is nothing to look at. */
async function read(result: unknown): Promise<Record<"o" | "lse", Returned>> {
  const part = async (name: "o" | "lse"): Promise<Returned> => {
    let value: unknown;
    try {
      value = (result as Record<string, unknown> | undefined)?.[name];
    } catch {
      value = new Odd("an object that throws when it is looked at");
    }
    if (!(value instanceof Tensor) || value.size > 10_000) return { other: plainOf(value) };
    return { shape: [...value.shape], dtype: value.dtype, numbers: [...(await value.data())].map(Number) };
  };
  return { o: await part("o"), lse: await part("lse") };
}
