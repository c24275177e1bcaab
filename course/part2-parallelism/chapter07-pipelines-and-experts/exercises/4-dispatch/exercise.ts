// Checks 7.4: tokens on some ranks, experts on all, and what comes back of them. judge.ts judges.
import { type ProcessGroup, Tensor, type TensorDevice } from "worldsize";
import { changeOf, defineExercise, type Outcome, plainOf } from "worldsize/exercise";
import { casesOf, expertOf, WIDTH } from "./cases.ts";
import { judgeInputs, judgeRows, judgeSent, judgeY, type Report, type Run, sentRows } from "./judge.ts";

type Mixture = (
  world: ProcessGroup,
  device: TensorDevice,
  x: Tensor,
  chosen: number[][],
  weight: number[][],
  experts: ((rows: Tensor) => Tensor)[],
) => Promise<unknown>;

export default defineExercise<Report>({
  number: "7.4",
  title: "Dispatch and combine",
  exports: ["mixture"],
  worlds: [1, 2, 3, 5],
  interleavings: 2,
  hints: [
    "Before rows can come, a rank needs to know how many will. Which numbers does each rank tell each other one, and what does it make of those that come? Do two ranks with three tokens by hand.",
    "Sort your choices by expert: then all rows for one rank lie together, and among them those for one expert. First allToAll: for each rank, a list of how many rows are for each of its experts. Then allToAll of the rows, the experts, and allToAll of the results, with pieces as large as those that came. A result comes back to the place its row was sent from.",
    "Rows that came lie by rank, and within a rank by expert: an expert's rows are several runs. List their places expert by expert: functional.embedding({ table: arrived, index }) gathers them, and the same list says where each result has to be put back. For combine, keep at which place of the sorted choices each choice of a token is; let dropped ones point to a row of zeros behind the last. Every rank calls all three, also with nothing to send.",
  ],
  questions: [
    {
      ask: "Two ranks with an expert each. Rank 0's three tokens go to experts 0, 1 and 1. How many rows does it send to the other rank in dispatch?",
      world: 2,
      answer: (outcome) => sentRows(outcome as Outcome<Report>, 0, "dispatch"),
      because: "The row for expert 0 stays where it is; two go to rank 1.",
    },
    {
      ask: "Three ranks, four tokens each, all for expert 0. How many rows does rank 0 send in combine, to both others together?",
      world: 3,
      answer: (outcome) => sentRows(outcome as Outcome<Report>, 1, "combine"),
      because: "It computed all twelve, and keeps its own four: 8, while the others send nothing.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const mixture = answer.mixture as Mixture;
    const { rank, size } = world;
    const report: Run[] = [];
    for (const { own, shares } of casesOf(seed, size)) {
      const mine = shares[rank];
      const x = device.from(mine.x.flat(), [mine.x.length, WIDTH]);
      const before = mine.x.flat();
      const [chosen, weight] = [structuredClone(mine.chosen), structuredClone(mine.weight)] as [number[][], number[][]];
      const computed = Array.from({ length: own }, () => 0);
      const experts = computed.map((_, i) => (rows: Tensor): Tensor => {
        computed[i] += rows.shape[0];
        const e = rank * own + i;
        return rows.mul(e + 2).add(expertOf(e, 0));
      });
      const result: unknown = await mixture(world, device, x, chosen, weight, experts);
      const isSame = `${chosen}|${weight}` === `${mine.chosen}|${mine.weight}`;
      report.push({
        y:
          result instanceof Tensor && result.size <= 10_000
            ? { shape: [...result.shape], dtype: result.dtype, numbers: [...(await result.data())].map(Number) }
            : { other: plainOf(result) },
        computed,
        changed: isSame ? await changeOf(x, before) : "the lists of choices or weights are others",
      });
    }
    return report;
  },
  judge(outcome) {
    outcome.allowOnly(["allToAll"], "Counts and rows are to travel by allToAll alone.");
    for (const at of casesOf(outcome.seed, outcome.size).keys()) {
      judgeRows(outcome, at);
      judgeY(outcome, at);
      judgeInputs(outcome, at);
    }
    judgeSent(outcome);
  },
});
