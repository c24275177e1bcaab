// Checks 6.1: how the four functions are fed. What is judged stands in judge.ts.
import { type ProcessGroup, Tensor } from "worldsize";
import { changeOf, defineExercise, Odd, plainOf, watch } from "worldsize/exercise";
import { casesOf, columnsOf, type Matrix, rowsOf, shareOf } from "./cases.ts";
import {
  FUNCTIONS,
  judgeCalls,
  judgeInputs,
  judgeResults,
  type Name,
  type Report,
  type Returned,
  type Run,
} from "./judge.ts";

type Call = (world: ProcessGroup, ...tensors: Tensor[]) => Promise<unknown>;

export default defineExercise<Report>({
  number: "6.1",
  title: "Column and row",
  exports: FUNCTIONS,
  worlds: [1, 2, 3, 5],
  interleavings: 2,
  hints: [
    "For each function: which ranks have what goes into one element of its result? If one rank has all of it, nothing travels. If every rank has some terms of its sum, the sum over ranks is what an all_reduce makes.",
    "An output of the row layer is a sum over all inputs, and those lie on all ranks: sum the products, then add the bias to the sum. An input of the column layer was used for the outputs of all ranks: its gradient is a sum over them.",
    "columnForward and rowBackward are right as the starter has them. In columnBackward, const dx = dy.matmul(w); await world.allReduce(dx). In rowForward, allReduce x.matmul(w.transpose(0, 1)), and add b to what comes back.",
  ],
  questions: [
    {
      ask: "The example on two ranks, cut by rows. What does rank 0 contribute to the all_reduce as the first element of y?",
      world: 2,
      answer: ({ reports }) => (reports[0] as Report).runs[0].calls.rowForward[0].first,
      because:
        "1 × 1 + 2 × 2: its two inputs with its two columns. Rank 1 has 3 × 3 + 4 × 4 = 25, and 5 + 25 + 100 is 130.",
    },
    {
      ask: "How many elements does a rank contribute in rowForward and columnBackward together, in the example?",
      world: 3,
      answer: ({ reports }) => {
        const { rowForward, columnBackward } = (reports[0] as Report).runs[0].calls;
        return [...rowForward, ...columnBackward].reduce((sum, { elements }) => sum + elements, 0);
      },
      because: "One token with 3 outputs, and one with 4 inputs: 3 + 4, on however many ranks.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const { rank, size } = world;
    const runs: Run[] = [];
    for (const { x, w, b, dy } of casesOf(seed)) {
      const [inputs, outputs] = [x[0].length, b.length];
      const ins = shareOf(inputs, size, rank);
      const outs = shareOf(outputs, size, rank);
      const own = (m: Matrix, width: number): Tensor => device.from(m.flat(), [m.length, width]);
      const [inWidth, outWidth] = [ins[1] - ins[0], outs[1] - outs[0]];
      const vector = (values: readonly number[]): Tensor => device.from([...values], [values.length]);
      const column = {
        x: own(x, inputs),
        w: own(rowsOf(w, outs), inputs),
        b: vector(b.slice(...outs)),
        dy: own(columnsOf(dy, outs), outWidth),
      };
      const row = {
        x: own(columnsOf(x, ins), inWidth),
        w: own(columnsOf(w, ins), inWidth),
        b: vector(b),
        dy: own(dy, outputs),
      };
      const given: Record<Name, readonly Tensor[]> = {
        columnForward: [column.x, column.w, column.b],
        columnBackward: [column.dy, column.x, column.w],
        rowForward: [row.x, row.w, row.b],
        rowBackward: [row.dy, row.x, row.w],
      };
      const returned: Partial<Record<Name, Record<string, Returned>>> = {};
      const calls: Partial<Record<Name, Run["calls"][Name]>> = {};
      const changed: Partial<Record<Name, string>> = {};
      for (const name of FUNCTIONS) {
        const before: number[][] = [];
        for (const tensor of given[name]) before.push([...(await tensor.data())]);
        const watched = watch(world);
        const result: unknown = await (answer[name] as Call)(watched.world, ...given[name]);
        const parts = name.endsWith("Forward") ? { y: result } : partsOf(result);
        const read: Record<string, Returned> = {};
        for (const [part, value] of Object.entries(parts)) read[part] = await readOf(value);
        returned[name] = read;
        calls[name] = (await watched.calls()).map(({ kind, gave }) => {
          const elements = Array.isArray(gave) ? (gave as number[]) : [];
          return { kind, elements: elements.length, first: elements[0] ?? 0 };
        });
        const names = name.endsWith("Forward") ? ["x", "w", "b"] : ["dy", "x", "w"];
        for (const [i, tensor] of given[name].entries()) changed[name] ??= await changeOf(tensor, before[i], names[i]);
      }
      runs.push({ returned, calls, changed } as unknown as Run);
    }
    return { runs };
  },
  judge(outcome) {
    outcome.allowOnly(["allReduce"], "The layers are to be made of allReduce alone.");
    for (const at of casesOf(outcome.seed).keys()) {
      judgeResults(outcome, at);
      judgeCalls(outcome, at);
      judgeInputs(outcome, at);
    }
  },
});

/** dx, dw and db of what an answer returned; words where there is nothing to look at. */
function partsOf(result: unknown): Record<string, unknown> {
  const parts: Record<string, unknown> = {};
  for (const name of ["dx", "dw", "db"]) {
    try {
      parts[name] = (result as Record<string, unknown> | undefined)?.[name];
    } catch {
      parts[name] = new Odd("an object that throws when it is looked at");
    }
  }
  return parts;
}

/** A tensor's shape and numbers, or what there is instead. */
async function readOf(value: unknown): Promise<Returned> {
  if (!(value instanceof Tensor) || value.size > 10_000) return { other: plainOf(value) };
  return { shape: [...value.shape], dtype: value.dtype, numbers: [...(await value.data())].map(Number) };
}
