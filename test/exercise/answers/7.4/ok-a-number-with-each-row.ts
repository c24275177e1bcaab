// Counts of ranks alone, and a number with each row that says whose it is; results are weighted where their tokens are.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mixture(
  world: ProcessGroup,
  device: TensorDevice,
  x: Tensor,
  chosen: number[][],
  weight: number[][],
  experts: ((rows: Tensor) => Tensor)[],
): Promise<Tensor> {
  const width = x.shape[1];
  const mine = (await x.toArray()) as number[][];
  const ints = (list: number[]) => device.from(Int32Array.from(list), [list.length], "i32");
  const floats = (list: number[][]) => device.from(list.flat(), [list.length, width]);
  const to = world.ranks.map((rank) =>
    chosen.flatMap((list, t) =>
      list.flatMap((e, i) => (e >= 0 && Math.floor(e / experts.length) === rank ? [{ t, i, e }] : [])),
    ),
  );
  const counts = world.ranks.map(() => device.empty([1], "i32"));
  await world.allToAll(
    counts,
    to.map((list) => ints([list.length])),
  );
  const lengths: number[] = [];
  for (const each of counts) lengths.push((await each.data())[0]);
  const whose = lengths.map((length) => device.empty([length], "i32"));
  await world.allToAll(
    whose,
    to.map((list) => ints(list.map(({ e }) => e % experts.length))),
  );
  const rows = lengths.map((length) => device.empty([length, width]));
  await world.allToAll(
    rows,
    to.map((list) => floats(list.map(({ t }) => mine[t]))),
  );
  const results: number[][][] = [];
  for (const each of rows) results.push((await each.toArray()) as number[][]);
  const owners: number[][] = [];
  for (const each of whose) owners.push([...(await each.data())]);
  for (const [e, expert] of experts.entries()) {
    const places = owners.flatMap((list, from) => list.flatMap((owner, i) => (owner === e ? [[from, i]] : [])));
    if (places.length === 0) continue;
    const computed = (await expert(floats(places.map(([from, i]) => results[from][i]))).toArray()) as number[][];
    for (const [p, [from, i]] of places.entries()) results[from][i] = computed[p];
  }
  const back = to.map((list) => device.empty([list.length, width]));
  await world.allToAll(back, results.map(floats));
  const y = mine.map((row) => row.map(() => 0));
  for (const [rank, list] of to.entries()) {
    const came = (await back[rank].toArray()) as number[][];
    for (const [p, { t, i }] of list.entries()) for (let c = 0; c < width; c++) y[t][c] += weight[t][i] * came[p][c];
  }
  return floats(y);
}
