// Counts a step of a real model: products by what goes through each matrix, attention by what it is handed.
import { Linear, type Tensor, type TensorDevice } from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";
import { PagedKv } from "worldsize/serve";
import type { Case } from "./cases.ts";

const PAGE = 4;

/** What was counted. */
export interface Counted {
  readonly flops: number;
  readonly bytes: number;
}

/** Runs a step, its earlier tokens first, and counts it. */
export async function counted(device: TensorDevice, { shape, rows }: Case): Promise<Counted> {
  const { vocabulary: vocabularySize, ...rest } = shape;
  const config = llamaShape({ ...rest, vocabularySize, maxPositions: 64, tied: false });
  const model = new Decoder(device, config);
  const pages = rows.map(({ start, count }) => Math.ceil((start + count) / PAGE));
  const kv = new PagedKv(
    device,
    config,
    pages.reduce((sum, each) => sum + each, 0),
    PAGE,
  );
  let [flops, bytes] = [0, 0];
  const modules = [
    ...model.layers.flatMap(({ attention, mlp }) => [attention, mlp].flatMap(Object.values)),
    model.head,
  ];
  for (const matrix of modules.filter((each) => each instanceof Linear)) {
    const { size } = matrix.weight;
    matrix.registerForwardHook(([x]) => {
      flops += 2 * x.shape[0] * size;
      bytes += 4 * size;
    });
  }
  const i32 = (values: number[], shapeOf = [values.length]): Tensor => device.from(values, shapeOf, "i32");
  const first = pages.map((_, i) => pages.slice(0, i).reduce((sum, each) => sum + each, 0));
  const width = Math.max(...pages);
  const tables = i32(rows.flatMap((_, i) => Array.from({ length: width }, (__, page) => (page < pages[i] ? first[i] + page : 0))), [rows.length, width]); // biome-ignore format: one table
  const run = (
    parts: readonly { readonly start: number; readonly count: number }[],
    drawn: readonly boolean[],
  ): Tensor => {
    const starts = [0];
    for (const { count } of parts) starts.push(starts[starts.length - 1] + count);
    const each = <T>(of: (row: number, position: number) => T): T[] =>
      parts.flatMap(({ start, count }, row) => Array.from({ length: count }, (_, i) => of(row, start + i)));
    const lengths = parts.map(({ start, count }) => start + count);
    const counting = {
      attend: (layer: number, q: Tensor, k: Tensor, v: Tensor, sequences: { starts: Tensor; positions: Tensor }) => {
        const [, heads, headDim] = q.shape;
        const pairs = parts.reduce((sum, { start, count }) => sum + count * start + (count * (count + 1)) / 2, 0);
        flops += 4 * heads * headDim * pairs; // a product and a sum for each element, of q·k and of weights·v
        bytes += 2 * 4 * k.shape[1] * headDim * lengths.reduce((sum, length) => sum + length, 0);
        return kv.attend(layer, q, k, v, sequences);
      },
    };
    const step = { slots: i32(each((row, at) => first[row] * PAGE + at)), lengths: i32(lengths), tables };
    const batch = {
      tokens: i32(each((row, at) => (7 * at + row) % vocabularySize)),
      positions: i32(each((_, at) => at)),
      starts: i32(starts),
    };
    const ends = drawn.flatMap((is, row) => (is ? [starts[row + 1] - 1] : []));
    return kv.during(step, () => model.call(batch, counting, i32(ends)));
  };
  const logits = device.noGrad(() => {
    // Keys and values of earlier tokens; rows that have none run a token that the step writes again.
    run(rows.map(({ start }) => ({ start: 0, count: Math.max(1, start) })), rows.map(() => true)).dispose();
    [flops, bytes] = [0, 0];
    return run(rows, rows.map((row) => row.draws));
  }); // biome-ignore format: two runs
  await logits.data();
  logits.dispose();
  kv.dispose();
  model.dispose();
  return { flops, bytes };
}
