// The names of the others are what one needs.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("n", 1)) - 1;
  await store.set(`n/${rank}`, name);
  const names: string[] = [];
  for (let r = 0; r < count; r++) if (r !== rank) names.push(await store.get(`n/${r}`));
  return { rank, names };
}
