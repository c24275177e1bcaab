// The names may come in later.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  const rank = (await store.add("n", 1)) - 1;
  await store.set(`n/${rank}`, name);
  const names = Array.from({ length: count }, () => "?");
  names[rank] = name;
  for (let r = 0; r < count; r++) {
    store.get(`n/${r}`).then((found) => {
      names[r] = found;
    });
  }
  return { rank, names };
}
