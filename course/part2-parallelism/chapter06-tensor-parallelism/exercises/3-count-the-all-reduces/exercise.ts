// Checks 6.3: runs the library's own tensor parallelism, and compares what was recorded with what answers say.
import type { Tensor } from "worldsize";
import { type Answer, defineExercise, formed, type Outcome, plainOf, Wrong } from "worldsize/exercise";
import { type Batch, Decoder, llamaShape } from "worldsize/models";
import { Mesh, sumPartialGradients, tensorParallel } from "worldsize/parallel";

interface Plan {
  readonly layers: number;
  readonly tokens: number;
  readonly width: number;
  readonly sequence: boolean;
}

const KINDS = ["allReduce", "allGather", "reduceScatter"] as const;
const PARTS = ["forward", "backward", "norms"] as const;
type Part = (typeof PARTS)[number];
type Traffic = Record<(typeof KINDS)[number] | "bytes", number>;

interface CountAnswer extends Answer {
  count(plan: Plan): Record<Part, Traffic>;
}

type Report = readonly unknown[];

/** A large one, which is not run here. */
const LARGE = { layers: 32, tokens: 8192, width: 4096 };

/** Plans by run: those of the models that are run come first. */
function plansOf(variant: number): Plan[] {
  const run = [
    { layers: 2, tokens: 12, width: 24 },
    { layers: 1, tokens: 6, width: 12 },
    { layers: 3, tokens: 18, width: 12 },
  ][variant % 3];
  return [run, LARGE].flatMap((each) => [
    { ...each, sequence: false },
    { ...each, sequence: true },
  ]);
}

/** How many of the plans are run. */
const RUN = 2;

export default defineExercise<Report>({
  number: "6.3",
  title: "Count the all_reduces",
  exports: ["count"],
  worlds: [2, 3],
  interleavings: 2,
  hints: [
    "Draw one layer: a norm, columns, rows, a norm, columns, rows. Exercise 6.1 says where a sum over the ranks is needed forward, and where backward. Then ask the same of the embedding at the one end and of the head at the other.",
    "Forward: each layer cut by rows ends in one all_reduce, and so does the embedding, of which each rank has some of the words. Backward: each group of layers cut by columns that share an input begins with one, and so does the head. With the sequence cut, each becomes a reduce_scatter and an all_gather of the same tensor.",
    "2 layers + 1 in each direction, of 4 × tokens × width bytes. With sequence: so many all_gathers and as many reduce_scatters, and twice the bytes in all; and in norms one all_reduce of the gradients of 2 layers + 1 norms of `width` elements each.",
  ],
  questions: [
    {
      ask: "Two layers. How many all_reduces does one step take, forward and backward together?",
      world: 2,
      answer: (outcome) => {
        const { forward, backward } = recorded(outcome, 0);
        return forward.allReduce + backward.allReduce;
      },
      because: "2 per layer and one for the embedding forward; 2 per layer and one for the head backward: 5 + 5.",
    },
    {
      ask: "And how many collectives of all kinds with the sequence cut?",
      world: 2,
      answer: (outcome) =>
        PARTS.reduce((sum, part) => sum + KINDS.reduce((all, kind) => all + recorded(outcome, 1)[part][kind], 0), 0),
      because:
        "Each of the ten becomes a reduce_scatter and an all_gather, and one all_reduce sums the norms' gradients: 21.",
    },
  ],
  async run(answer, { context: { world, device }, variant }) {
    const plans = plansOf(variant);
    const counts: unknown[] = [];
    for (const plan of plans) counts.push(plainOf((answer as CountAnswer).count({ ...plan })));
    for (const { layers, tokens, width, sequence } of plans.slice(0, RUN)) {
      const mesh = await Mesh.create(world, { tp: world.size });
      const shape = { width, layers, heads: 6, kvHeads: 6, ffnWidth: 2 * width, vocabularySize: 13 };
      const config = llamaShape({ ...shape, maxPositions: tokens, tied: false });
      const model = await tensorParallel(new Decoder(device, config), mesh, undefined, { sequence });
      const integers = (values: number[]): Tensor => device.tensor(values, "i32");
      const all = Array.from({ length: tokens }, (_, i) => i);
      const batch: Batch = {
        tokens: integers(all.map((i) => i % 13)),
        positions: integers(all),
        starts: integers([0, tokens]),
      };
      // Barriers are marks in what is recorded.
      await world.barrier();
      const logits = model.call(batch);
      await world.barrier();
      logits.backward(device.ones(logits.shape));
      await world.barrier();
      sumPartialGradients(model.parameters(), mesh);
      await world.barrier();
      await device.synchronize();
    }
    return counts;
  },
  judge(outcome) {
    for (const [i, plan] of plansOf(outcome.variant).entries()) {
      const right = i < RUN ? recorded(outcome, i) : scaled(outcome, plan);
      judgeCount(outcome.reports[0][i], plan, right, i < RUN);
    }
  },
});

/** Kinds and bytes of each part of a step, as recorded on rank 0. @param model which of those that were run. */
function recorded(outcome: Outcome<unknown>, model: number): Record<Part, Traffic> {
  const parts: Traffic[] = [];
  const none = (): Traffic => ({ allReduce: 0, allGather: 0, reduceScatter: 0, bytes: 0 });
  for (const { kind, text } of outcome.traffic[0].operations) {
    if (kind === "barrier") parts.push(none());
    const last = parts.at(-1);
    if (!last || !(KINDS as readonly string[]).includes(kind)) continue;
    // The largest tensor that is named is the whole one: of pieces and their whole, both are.
    const sizes = [...text.matchAll(/\[([\d,]+)\]/g)].map(([, shape]) =>
      shape.split(",").reduce((a, b) => a * Number(b), 1),
    );
    last[kind as (typeof KINDS)[number]]++;
    last.bytes += 4 * Math.max(...sizes);
  }
  const [forward, backward, norms] = parts.slice(4 * model, 4 * model + 3);
  return { forward, backward, norms };
}

/** What was recorded of the small model, as it is for a larger one: numbers grow with the layers, bytes with what is in a tensor, too. */
function scaled(outcome: Outcome<unknown>, { layers, tokens, width, sequence }: Plan): Record<Part, Traffic> {
  const [small] = plansOf(outcome.variant);
  const from = recorded(outcome, sequence ? 1 : 0);
  const more = (2 * layers + 1) / (2 * small.layers + 1);
  const of = (traffic: Traffic, bytes: number): Traffic => ({
    allReduce: Math.round(traffic.allReduce * more),
    allGather: Math.round(traffic.allGather * more),
    reduceScatter: Math.round(traffic.reduceScatter * more),
    bytes: Math.round(traffic.bytes * more * bytes),
  });
  const stream = (tokens * width) / (small.tokens * small.width);
  const norms = of(from.norms, width / small.width);
  return {
    forward: of(from.forward, stream),
    backward: of(from.backward, stream),
    norms: { ...norms, allReduce: from.norms.allReduce },
  };
}

/** @throws Wrong for the first number that is not the recorded one. */
function judgeCount(value: unknown, plan: Plan, right: Record<Part, Traffic>, isRun: boolean): void {
  const { layers, tokens, width, sequence } = plan;
  const what = `${layers} ${layers === 1 ? "layer" : "layers"}, ${tokens} tokens of ${width}, ${sequence ? "with" : "without"} sequence`;
  const form = { allReduce: "number", allGather: "number", reduceScatter: "number", bytes: "number" } as const;
  const count = formed<Record<Part, Traffic>>(
    value,
    { forward: form, backward: form, norms: form },
    `${what}: count(…)`,
  );
  for (const part of PARTS) {
    for (const kind of KINDS) {
      const [got, seen] = [count[part][kind], right[part][kind]];
      if (got === seen) continue;
      throw new Wrong(
        "the collectives",
        `${what}: ${part} says ${got} ${kind}; ${isRun ? `the run called ${seen}` : `it is ${seen}`}.${kindHint(plan, part, got, seen, count)}`,
      );
    }
    const [got, seen] = [count[part].bytes, right[part].bytes];
    if (got === seen) continue;
    throw new Wrong(
      "the bytes",
      `${what}: ${part} says ${got} bytes; ${isRun ? `in the run it was ${seen}` : `it is ${seen}`}.${bytesHint(got, seen, plan)}`,
    );
  }
}

/** What a wrong number may come from. */
function kindHint(
  { layers, sequence }: Plan,
  part: Part,
  got: number,
  seen: number,
  count: Record<Part, Traffic>,
): string {
  if (part === "norms")
    return " A norm that sees a part of the tokens has a part of its gradient: all of them are summed at once, after backward.";
  if (sequence && count[part].allReduce > 0)
    return " With the sequence cut, reduce_scatter and all_gather take the all_reduce's place.";
  if (got === layers) return " Attention and MLP need one each.";
  if (got === seen - 1)
    return part === "forward"
      ? " What does the embedding need, of which each rank has some words?"
      : " The head is cut by columns, and shares its input: what does its backward need?";
  if (part === "backward" && got === 0)
    return " What all ranks used forward gets a part of its gradient from each of them.";
  if (part === "backward" && got === 2 * seen)
    return " Backward takes twice the products, and as many collectives as forward.";
  return "";
}

/** What wrong bytes may come from. */
function bytesHint(got: number, seen: number, { tokens, width, sequence }: Plan): string {
  if (got * 4 === seen) return " An element of f32 has four bytes.";
  if (got * 2 === seen)
    return sequence ? " Each of both collectives works on the whole tensor." : " An element of f32 has four bytes.";
  if (got === 4 * tokens * width) return " That is one collective's: all of them are asked for.";
  return "";
}
