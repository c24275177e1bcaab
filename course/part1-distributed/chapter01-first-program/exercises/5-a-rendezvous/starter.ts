// Exercise 1.5: workers meet at a store, get ranks, and learn each other's names.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  await store.set("name", name); // every caller writes to the same key: the last one wins
  const names = [await store.get("name")];
  return { rank: 0, names };
}
