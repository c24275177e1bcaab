// Checks 1.5: everybody has a rank of its own, all know all names, and no message of the world was used.
import type { Store } from "worldsize";
import { type Answer, defineExercise, draws, Wrong } from "worldsize/exercise";

interface Met {
  readonly rank: number;
  readonly names: readonly string[];
}

interface RendezvousAnswer extends Answer {
  rendezvous(store: Store, name: string, count: number): Promise<Met>;
}

/** Milliseconds; a lookup takes less than one. */
const PATIENCE = 2000;

const nameOf = (seed: number, rank: number): string => `worker-${Math.floor(draws(seed, rank)() * 1e9).toString(36)}`;

export default defineExercise<Met>({
  number: "1.5",
  title: "A rendezvous of your own",
  exports: ["rendezvous"],
  worlds: [1, 2, 3, 5],
  hints: [
    "Two things are needed: a number that nobody else gets, and a way to learn the others' names. The first is one operation of the store.",
    'add("count", 1) returns 1 to the first caller, 2 to the second, and never the same number to two. Reading with get and writing with set cannot promise that.',
    'const rank = (await store.add("count", 1)) - 1; await store.set(`name/${rank}`, name); then get `name/0` to `name/${count - 1}`: get waits until each is there.',
  ],
  questions: [
    {
      ask: "Three workers meet. How many of them get rank 0?",
      world: 3,
      answer: (outcome) => outcome.ranks.filter((rank) => (outcome.reports[rank] as Met).rank === 0).length,
      because: "add hands out each number once, whoever comes first.",
    },
  ],
  async run(answer, { context: { store, world }, seed }) {
    await world.barrier(); // from here on, who waits this long for a word waits in vain
    const patient: Store = {
      ...bound(store),
      get: (key, timeout = PATIENCE) => store.get(key, timeout),
      wait: (keys, timeout = PATIENCE) => store.wait(keys, timeout),
      barrier: (name, count, timeout = PATIENCE) => store.barrier(name, count, timeout),
    };
    const { rank, names } = await (answer as RendezvousAnswer).rendezvous(
      patient,
      nameOf(seed, world.rank),
      world.size,
    );
    return { rank, names: [...names] };
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    const expected = ranks
      .map((rank) => nameOf(seed, rank))
      .sort()
      .join(", ");
    const given = reports.map(({ rank }) => rank);
    for (const [i, { rank }] of reports.entries()) {
      const who = nameOf(seed, i);
      if (!Number.isInteger(rank) || rank < 0 || rank >= size)
        throw new Wrong("ranks", `${who} got rank ${rank}; ranks go from 0 to ${size - 1}.`);
    }
    for (const [i, { rank, names }] of reports.entries()) {
      const who = nameOf(seed, i);
      const twin = given.indexOf(rank);
      if (twin !== i)
        throw new Wrong(
          "ranks",
          `${nameOf(seed, twin)} and ${who} both got rank ${rank}: between reading a counter and writing it back, somebody else read it.`,
        );
      if (names.length !== size)
        throw new Wrong(
          "names",
          `${who} knows ${names.length} names of ${size}: it did not wait until all were there.`,
        );
      if ([...names].sort().join(", ") !== expected)
        throw new Wrong("names", `${who} knows the names ${names.join(", ")}; who came are ${expected}.`);
      if (names[rank] !== who)
        throw new Wrong(
          "the order of names",
          `${who} has rank ${rank}, but names[${rank}] is ${names[rank]}: the list is to be ordered by rank.`,
        );
    }
  },
});

/** The store's methods, which may be a class's, as an object of their own. */
function bound(store: Store): Store {
  return {
    set: (key, value) => store.set(key, value),
    get: (key, timeout) => store.get(key, timeout),
    wait: (keys, timeout) => store.wait(keys, timeout),
    add: (key, amount) => store.add(key, amount),
    compareSet: (key, expected, desired) => store.compareSet(key, expected, desired),
    delete: (key) => store.delete(key),
    barrier: (name, count, timeout) => store.barrier(name, count, timeout),
  };
}
