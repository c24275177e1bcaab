// Own place is right, the others are in the order in which they were asked.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("n", 1)) - 1;
  await store.set(`n/${rank}`, name);
  const names: string[] = [];
  for (let r = 0; r < count; r++) names.push(await store.get(`n/${r}`));
  const others = names.filter((each) => each !== name).reverse();
  others.splice(rank, 0, name);
  return { rank, names: others };
}
