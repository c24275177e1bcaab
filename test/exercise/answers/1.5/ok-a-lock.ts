// A lock around a list.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  while ((await store.compareSet("lock", "", name)) !== name) await new Promise((go) => setTimeout(go, 1));
  await store.compareSet("list", "", "[]");
  const list: string[] = JSON.parse(await store.get("list"));
  const rank = list.push(name) - 1;
  await store.set("list", JSON.stringify(list));
  await store.delete("lock");
  await store.barrier("complete", count);
  return { rank, names: JSON.parse(await store.get("list")) };
}
