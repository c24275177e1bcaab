// One chain of thens, a class for the result.
import type { Store } from "worldsize";

export async function rendezvous(
  store: Store,
  name: string,
  count: number,
): Promise<{ rank: number; names: string[] }> {
  class Met {
    readonly rank: number;
    readonly names: string[];
    constructor(rank: number, names: string[]) {
      this.rank = rank;
      this.names = names;
    }
  }
  return store.add("tickets", 1).then((ticket) =>
    store
      .set(`ticket ${ticket}`, name)
      .then(() => Promise.all(Array.from({ length: count }, (_, i) => store.get(`ticket ${i + 1}`))))
      .then((names) => new Met(ticket - 1, names)),
  );
}
