// Each tries one seat after the other, with compareSet.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  let rank = 0;
  while ((await store.compareSet(`seat/${rank}`, "", name)) !== name) rank++;
  const seats = Array.from({ length: count }, (_, r) => `seat/${r}`);
  await store.wait(seats, Number.POSITIVE_INFINITY);
  const names: string[] = [];
  for (const seat of seats) names[names.length] = await store.get(seat);
  return { rank, names };
}
