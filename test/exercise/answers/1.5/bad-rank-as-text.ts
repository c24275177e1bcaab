// Values are strings.
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
  return { rank: `${rank}` as unknown as number, names };
}
