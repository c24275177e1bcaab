// Everybody lists itself first, as the local one.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("n", 1)) - 1;
  await store.set(`n/${rank}`, name);
  const names = [name];
  for (let r = 0; r < count; r++) if (r !== rank) names.push(await store.get(`n/${r}`));
  return { rank, names };
}
