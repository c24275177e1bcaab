// Rank 0 collects the names and tells everybody.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("n", 1)) - 1;
  await store.set(`n/${rank}`, name);
  if (rank === 0) {
    const all: string[] = [];
    for (let r = 0; r < count; r++) all.push(await store.get(`n/${r}`));
    await store.set("all", JSON.stringify(all));
  }
  return { rank, names: JSON.parse(await store.get("all")) };
}
