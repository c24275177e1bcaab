// GShard's dispatch and combine (Lepikhin et al., 2020), with as many rows as there are: counts first, then rows.
import { functional as F, type ProcessGroup, type Tensor, type TensorDevice } from "worldsize";

export async function mixture(
  world: ProcessGroup,
  device: TensorDevice,
  x: Tensor,
  chosen: number[][],
  weight: number[][],
  experts: ((rows: Tensor) => Tensor)[],
): Promise<Tensor> {
  const [tokens, width] = x.shape;
  const own = experts.length;
  const indices = (list: number[]): Tensor => device.from(Int32Array.from(list), [list.length], "i32");

  // Choices by expert, so that rows for one rank lie together; those that were dropped are left out.
  const choices = chosen
    .flatMap((list, t) => list.map((expert, i) => ({ expert, t, i })))
    .filter(({ expert }) => expert >= 0)
    .sort((a, b) => a.expert - b.expert);
  const counts = Array.from({ length: world.size }, (_, rank) =>
    Array.from({ length: own }, (_, e) => choices.filter(({ expert }) => expert === rank * own + e).length),
  );

  // Counts: how many rows each expert gets from whom.
  const coming = world.ranks.map(() => device.empty([own], "i32"));
  await world.allToAll(coming, counts.map(indices));
  const received: number[][] = [];
  for (const each of coming) received.push([...(await each.data())]);

  // Dispatch.
  const rows = F.embedding({ table: x, index: indices(choices.map(({ t }) => t)) });
  const arrived = device.empty([sum(received.flat()), width]);
  await world.allToAll(pieces(arrived, received.map(sum)), pieces(rows, counts.map(sum)));

  // An expert's rows are several runs, one from each rank.
  const places: number[][] = experts.map(() => []);
  let at = 0;
  for (const from of received)
    for (const [e, count] of from.entries()) for (let i = 0; i < count; i++) places[e].push(at++);
  const results = device.empty([at, width]);
  const sorted = F.embedding({ table: arrived, index: indices(places.flat()) });
  const computed = device.empty([at, width]);
  let begin = 0;
  for (const [e, expert] of experts.entries()) {
    const end = begin + places[e].length;
    if (end > begin) computed.slice(0, begin, end).copy_(expert(sorted.slice(0, begin, end)));
    begin = end;
  }
  const back = Array<number>(at);
  for (const [i, each] of places.flat().entries()) back[each] = i;
  results.copy_(F.embedding({ table: computed, index: indices(back) }));

  // Combine: what came from a rank returns to it. The last row is what dropped choices get.
  const returned = device.zeros([choices.length + 1, width]);
  await world.allToAll(pieces(returned, counts.map(sum)), pieces(results, received.map(sum)));
  const y = device.zeros([tokens, width]);
  const k = chosen[0]?.length ?? 0;
  for (let slot = 0; slot < k; slot++) {
    const where = Array<number>(tokens).fill(choices.length);
    for (const [place, { t, i }] of choices.entries()) if (i === slot) where[t] = place;
    const factors = device.from(
      weight.map((list) => list[slot]),
      [tokens, 1],
    );
    y.add_(F.embedding({ table: returned, index: indices(where) }).mul(factors));
  }
  return y;
}

function sum(list: number[]): number {
  return list.reduce((a, b) => a + b, 0);
}

/** Runs of rows of a tensor, one after the other. */
function pieces(of: Tensor, lengths: number[]): Tensor[] {
  let from = 0;
  return lengths.map((length) => {
    from += length;
    return of.slice(0, from - length, from);
  });
}
