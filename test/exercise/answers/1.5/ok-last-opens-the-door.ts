// The last one to come opens the door.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = -1 + (await store.add("n", 1));
  await store.set(`n/${rank}`, name);
  if ((await store.add("ready", 1)) === count) await store.set("door", "open");
  await store.get("door");
  const names = await Promise.all([...Array(count).keys()].map(async (r) => store.get(`n/${r}`)));
  return { rank, names };
}
