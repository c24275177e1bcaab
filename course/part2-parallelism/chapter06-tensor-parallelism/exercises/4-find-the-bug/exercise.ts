// Checks 6.4: runs the step on every rank, and reads the gradients that it leaves. What is judged stands in judge.ts.
import { functional, Parameter, type ProcessGroup, type Tensor, type TensorDevice } from "worldsize";
import { changeOf, defineExercise, plainOf } from "worldsize/exercise";
import { judgeGradients, judgeInputs, judgeLoss, type Report } from "./judge.ts";
import { casesOf, labelsOf, NAMES, partsOf, shareOf, sumOf } from "./model.ts";

type Model = Record<(typeof NAMES)[number], Tensor> & { embed(tokens: number[]): Tensor };
type Step = (
  world: ProcessGroup,
  device: TensorDevice,
  model: Model,
  tokens: number[],
  cuts: number[],
) => Promise<unknown>;

export default defineExercise<Report>({
  number: "6.4",
  title: "Find the bug",
  exports: ["step"],
  worlds: [1, 2, 3, 5],
  interleavings: 2,
  hints: [
    "On one rank every gradient of the starter is right. On two, write beside each line which tokens and which units a rank has there, and which type a tensor is: identical, replicated, varying or partial. Where does something have to come from the other rank, and does it?",
    "Three places. Which label has the last token of rank 0? How much of the bias does a rank's backward see, and of how many tokens? And the norm's weight: what a rank has of its gradient comes from its own tokens, so what are the ranks' gradients to each other, terms or estimates?",
    'const following = [...tokens.slice(1), IGNORED], and labels are following.slice(cuts[rank], cuts[rank + 1]). The bias comes after scatter: x.add(scatter(…)).add(model.bias), undivided. After backward, norm, bias and head are summed over the ranks by allReduce, without "mean"; up and down are not.',
  ],
  questions: [
    {
      ask: "Three ranks have 4, 3 and 2 tokens. Of how many labels is the starter's loss the mean?",
      world: 3,
      answer: ({ seed }) => labelsOf(casesOf(seed, 3)[0], true).filter((label) => label !== undefined).length,
      because:
        "Nine tokens have 8 labels. Shifted after the cut, the last token of each run has none: 3 + 2 + 1. The loss is the mean of those, and looks as a loss does.",
    },
    {
      ask: "Three ranks, each adds a third of the bias before the sum. Which part of the bias' right gradient does a rank have after backward?",
      world: 3,
      answer: ({ reports }) => (reports[0] as Report).share,
      because:
        "The gradient of the sum comes back whole, to all ranks, from all tokens; the third by which the bias was multiplied is in it: 0.33.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const { rank, size } = world;
    const runs: Report["runs"][number][] = [];
    for (const { tokens, cuts, table, weights } of casesOf(seed, size)) {
      const rows = device.tensor(table);
      const before: number[][] = [];
      const parameters = NAMES.map((name) => {
        const share = shareOf(name, weights[name], size, rank);
        const isRow = name === "norm" || name === "bias";
        const shape = isRow ? [share[0].length] : [share.length, share[0]?.length ?? weights[name][0].length];
        const parameter = new Parameter(device, shape, { empty: true });
        before.push(share.flat());
        device.noGrad(() => parameter.copy_(device.from(share.flat(), shape)));
        return parameter;
      });
      const [up, down, head, bias, norm] = parameters;
      const embed = (list: number[]): Tensor =>
        functional.embedding({ table: rows, index: device.from([...list], [list.length], "i32") });
      const [givenTokens, givenCuts] = [[...tokens], [...cuts]];
      const { step } = answer as unknown as { readonly step: Step };
      const loss = plainOf(await step(world, device, { embed, up, down, head, bias, norm }, givenTokens, givenCuts));
      const gradients: (readonly number[] | null)[] = [];
      let changed = `${givenTokens}` === `${tokens}` && `${givenCuts}` === `${cuts}` ? undefined : "a list is another";
      for (const [i, parameter] of parameters.entries()) {
        gradients.push(parameter.grad && [...(await parameter.grad.data())].map(Number));
        changed ??= await changeOf(parameter, before[i], NAMES[i]);
      }
      runs.push({ loss, gradients, changed });
    }
    return { runs, share: partOfBias(seed, size) };
  },
  judge(outcome) {
    outcome.allowOnly(["allReduce", "allGather", "reduceScatter"], "The step is to communicate as the starter does.");
    for (const at of casesOf(outcome.seed, outcome.size).keys()) {
      judgeGradients(outcome, at);
      judgeLoss(outcome, at);
      judgeInputs(outcome, at);
    }
  },
});

/** Of the bias' gradient, what a rank has that added its share before the sum: to two digits. */
function partOfBias(seed: number, size: number): number {
  const [given] = casesOf(seed, size);
  const parts = partsOf(given, labelsOf(given, false));
  const [[whole]] = sumOf(parts, "bias", given.weights.bias);
  const own = whole / size; // d(bias / size), of all tokens
  return Number((own / whole).toPrecision(2));
}
