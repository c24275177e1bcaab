// Everybody adds its name to one list.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("n", 1)) - 1;
  await store.compareSet("list", "", "[]");
  const list: string[] = JSON.parse(await store.get("list"));
  list[rank] = name;
  await store.set("list", JSON.stringify(list));
  await store.barrier("all", count);
  return { rank, names: JSON.parse(await store.get("list")) };
}
