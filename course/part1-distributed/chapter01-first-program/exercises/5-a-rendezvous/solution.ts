// add hands out numbers in one step; get waits for names that are not there yet.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("count", 1)) - 1;
  await store.set(`name/${rank}`, name);
  const names: string[] = [];
  for (let r = 0; r < count; r++) names.push(await store.get(`name/${r}`));
  return { rank, names };
}
