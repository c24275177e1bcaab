// Checks 5.5: several meshes and norms. What is judged stands in judge.ts.
import { type ProcessGroup, Tensor, type TensorDevice } from "worldsize";
import { type Answer, defineExercise, plainOf, watch } from "worldsize/exercise";
import { type Axes, casesOf, partOf, placesOf } from "./cases.ts";
import { type Clipped, judgeCase, type Report } from "./judge.ts";

interface ClipAnswer extends Answer {
  clip(
    device: TensorDevice,
    parts: { gradient: Tensor | null; cut: string[] }[],
    axes: Record<string, ProcessGroup>,
    most: number,
    p: number,
  ): unknown;
}

/** The group of each axis: ranks that differ along it only. */
async function groupsOf(world: ProcessGroup, axes: Axes): Promise<[string, ProcessGroup][]> {
  const places = placesOf(axes, world.rank);
  const groups: [string, ProcessGroup][] = [];
  for (const [i, [name]] of axes.entries()) {
    const color = places.reduce((sum, place, j) => (j === i ? sum : sum * world.size + place), 0);
    groups.push([name, (await world.split(color)) as ProcessGroup]);
  }
  return groups;
}

export default defineExercise<Report>({
  number: "5.5",
  title: "Clip over a mesh",
  exports: ["clip"],
  worlds: [1, 2, 3, 4, 6],
  hints: [
    "For each gradient alone: which ranks have the other parts of it, and which have the same part? Only the former are to be added up.",
    "One number for each gradient, Σ|g|ᵖ of the own part. Then, axis by axis: put the numbers of the gradients that are cut along it into one tensor, allReduce it, and put them back. A gradient that is cut along two axes is in both messages.",
    'for (const [axis, group] of Object.entries(axes)) { const here = indices of parts whose cut includes axis; message = device.tensor(here.map((i) => terms[i])); await group.allReduce(message, p === Infinity ? "max" : "sum"); … } Then the root of the sum of all terms, and mul_(most / norm) if it is finite and above most.',
  ],
  questions: [
    {
      ask: "HSDP on 4 ranks, { replicate: 2, shard: 2 }, every gradient cut along shard. How many times does a rank call allReduce?",
      world: 4,
      answer: ({ reports }) => (reports[0] as Report).cases[4].calls.length,
      because: "Replicas have the same shards: along replicate there is nothing to add up.",
    },
    {
      ask: "[3] on rank 0, [4] on rank 1, and [12] on both. What is the norm for p = 2?",
      world: 2,
      answer: ({ reports }) => Number((reports[0] as Report).cases[0].norm),
      because: "√(9 + 16 + 144) = 13. With the 12 counted on each rank it would be √313 = 17.7.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const cases: Clipped[] = [];
    const meshes = new Map<string, [string, ProcessGroup][]>();
    for (const { axes, wholes, most, p } of casesOf(seed, world.size)) {
      const mesh = meshes.get(`${axes}`) ?? (await groupsOf(world, axes));
      meshes.set(`${axes}`, mesh);
      const watched = mesh.map(([name, group]) => [name, watch(group)] as const);
      const own = wholes.map((whole) => partOf(whole, axes, world.rank));
      const gradients = own.map((values) => (values ? device.from(values, [values.length]) : null));
      const parts = gradients.map((gradient, i) => ({ gradient, cut: [...wholes[i].cut] }));
      const groups = Object.fromEntries(watched.map(([name, watch]) => [name, watch.world]));
      const norm: unknown = await (answer as ClipAnswer).clip(device, parts, groups, most, p);
      const after: (number[] | null)[] = [];
      for (const gradient of gradients) after.push(gradient ? [...(await gradient.data())].map(Number) : null);
      const calls: { axis: string; kind: string; elements: number }[] = [];
      for (const [axis, watch] of watched) {
        for (const { kind, gave } of await watch.calls())
          calls.push({ axis, kind, elements: Array.isArray(gave) ? gave.length : 0 });
      }
      cases.push({
        norm: norm instanceof Tensor ? `a Tensor of ${norm.shape}` : plainOf(norm),
        gradients: after,
        calls,
      });
    }
    return { cases };
  },
  given: () => "A rank whose parts have no elements calls what the others call, with zeros.",
  judge(outcome) {
    for (const at of casesOf(outcome.seed, outcome.size).keys()) judgeCase(outcome, at);
  },
});
