// A counter is read, and the next number is written.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  await store.compareSet("n", "", "0");
  const rank = Number(await store.get("n"));
  await store.set("n", `${rank + 1}`);
  await store.set(`n/${rank}`, name);
  const names: string[] = [];
  for (let r = 0; r < count; r++) names.push(await store.get(`n/${r}`));
  return { rank, names };
}
