// Names are promises, whoever needs them awaits them.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("n", 1)) - 1;
  await store.set(`n/${rank}`, name);
  const names = Array.from({ length: count }, (_, r) => store.get(`n/${r}`));
  return { rank, names: names as unknown as string[] };
}
