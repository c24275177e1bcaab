// Checks 1.5: every caller has a rank of its own in the order of arrival, all know all names, and none left early.
import type { Store } from "worldsize";
import {
  type Answer,
  defineExercise,
  draws,
  fieldsOf,
  formed,
  patientStore,
  Wrong,
  wordsOfValue,
} from "worldsize/exercise";

interface Met {
  readonly rank: number;
  readonly names: readonly string[];
}

interface Report {
  readonly met: unknown;
  /** What it waited for in vain. */
  readonly vain?: string;
  /** Keys and values that it set. */
  readonly sets: readonly (readonly [key: string, value: string])[];
  /** Whether it returned while others had not come yet. */
  readonly early: boolean;
}

interface RendezvousAnswer extends Answer {
  rendezvous(store: Store, name: string, count: number): Promise<Met>;
}

/** In turns of the event loop: how long a caller that asks nothing more is watched, a restless one, and what is read is held back. */
const [QUIET, RESTLESS, HELD] = [25, 50, 8];

/** One's name begins as another's does, and their order is not that of arrival. */
const fixed = ["node-12", "node-3", "node-1", "node-20", "node-2"];
const nameOf = (seed: number, variant: number, rank: number): string =>
  variant < 2 ? fixed[rank] : `worker-${Math.floor(draws(seed, rank)() * 1e9).toString(36)}`;

/** In the first run they come one after the other, the last rank first; later all at once. */
const isOneByOne = (variant: number): boolean => variant === 0;

export default defineExercise<Report>({
  number: "1.5",
  title: "A rendezvous of your own",
  exports: ["rendezvous"],
  worlds: [1, 2, 3, 5],
  hints: [
    "Two things are needed: a number that no other caller gets, and a way to learn the others' names. The first is one operation of the store.",
    'add("count", 1) returns 1 to the first caller, 2 to the second, and never the same number to two. Reading with get and writing with set cannot promise that.',
    'const rank = (await store.add("count", 1)) - 1; await store.set(`name/${rank}`, name); then get `name/0` to `name/${count - 1}`: get waits until each is there.',
  ],
  questions: [
    {
      ask: "Three workers meet. How many of them get rank 0?",
      world: 3,
      answer: (outcome) =>
        outcome.ranks.filter((rank) => ((outcome.reports[rank] as Report).met as Met).rank === 0).length,
      because: "add hands out each number once, whoever comes first.",
    },
  ],
  async run(answer, { context: { store, world, sleep }, seed, variant }) {
    const { rank, size } = world;
    let asked = 0;
    const sets: [string, string][] = [];
    const note = (key?: string, value?: string): void => {
      asked++;
      if (key !== undefined && sets.length < 100) sets.push([String(key), String(value)]);
    };
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) await sleep(0);
    };
    const arrived = async (count: number): Promise<void> => {
      while ((await store.add("check/arrived", 0)) < count) await turns(1);
    };
    const meet = async (): Promise<unknown> => {
      // What is read is old by the time it arrives, as on a slow network: all have read before one writes.
      const held = (): Promise<void> => turns(isOneByOne(variant) ? 0 : HELD);
      const patient = patientStore(store, { size, asked: note, held });
      try {
        const met = await (answer as RendezvousAnswer).rendezvous(patient.store, nameOf(seed, variant, rank), size);
        return fieldsOf(met, ["rank", "names"]);
      } finally {
        await patient.leave();
      }
    };
    if (!isOneByOne(variant)) {
      await store.add("check/arrived", 1);
      await arrived(size);
      return await endOf(meet(), sets, false);
    }
    const place = size - 1 - rank;
    await arrived(place);
    let over = false;
    const meeting = meet().finally(() => {
      over = true;
    });
    meeting.catch(() => undefined); // it is awaited below
    for (let turn = 0, quiet = 0, before = -1; turn < RESTLESS && quiet < QUIET && !over; turn++) {
      quiet = asked === before ? quiet + 1 : 0;
      before = asked;
      await turns(1);
    }
    const early = over && place + 1 < size;
    await store.add("check/arrived", 1);
    return await endOf(meeting, sets, early);
  },
  judge({ size, ranks, reports, seed, variant }) {
    const names = ranks.map((rank) => nameOf(seed, variant, rank));
    for (const i of ranks) {
      const { vain } = reports[i];
      if (vain === undefined) continue;
      const hint = overwritten(reports, names) || " Has every caller set what the others wait for?";
      throw new Wrong("who waits", `${names[i]} waits in vain: ${vain}${hint}`);
    }
    const all = ranks.map((i) => {
      const { names: list } = Object(reports[i].met) as { names?: unknown };
      const known: readonly unknown[] = Array.isArray(list) ? list : [];
      const hole = known.findIndex((name) => name === null || name === undefined);
      const lost = hole < 0 ? "" : overwritten(reports, names);
      if (lost) throw new Wrong("names", `${names[i]}'s result.names[${hole}] is ${wordsOfValue(known[hole])}.${lost}`);
      return formed<Met>(reports[i].met, { rank: "number", names: ["string"] }, `${names[i]}'s result`);
    });
    /** `node-3, which came 2nd of 3,` */
    const who = (i: number): string =>
      isOneByOne(variant) && size > 1 ? `${names[i]}, number ${size - i} of ${size} to come,` : names[i];
    for (const [i, { rank }] of all.entries()) {
      if (reports[i].early)
        throw new Wrong("who waits", `${who(i)} returned before all were there: the next one had not come yet.`);
      if (!Number.isInteger(rank) || rank < 0 || rank >= size)
        throw new Wrong("ranks", `${who(i)} got rank ${rank}; ranks go from 0 to ${size - 1}.`);
      const twin = all.findIndex((other) => other.rank === rank);
      if (twin !== i)
        throw new Wrong(
          "ranks",
          `${names[twin]} and ${names[i]} both got rank ${rank}. Is something read first and written back later? In between, others read it as well; add does both in one step.`,
        );
    }
    /** Who has each rank. */
    const place = ranks.map((rank) => names[all.findIndex((each) => each.rank === rank)]);
    for (const [i, { rank, names: known }] of all.entries()) {
      if (known.length !== size) {
        const missing = known.includes(names[i]) ? "Did it wait until all were there?" : "Its own name is missing.";
        const hint = known.length < size ? ` ${missing}` : "";
        const count = `${known.length} ${known.length === 1 ? "name" : "names"}`;
        throw new Wrong("names", `${names[i]} knows ${count}, and ${size} came.${hint}`);
      }
      const other = ranks.find((r) => known[r] !== place[r]);
      if (other !== undefined)
        throw new Wrong(
          "names",
          `${names[i]} has ${JSON.stringify(known[other])} as names[${other}]; it should be ${JSON.stringify(place[other])}, which got rank ${other}.${[...known].sort().join() === [...place].sort().join() ? " The list must be in the order of ranks." : ""}`,
        );
      if (isOneByOne(variant) && rank !== size - 1 - i)
        throw new Wrong("ranks", `${who(i)} got rank ${rank}; it should be ${size - 1 - i}: first come, first served.`);
    }
  },
});

/** What may have gone wrong where a name is missing: two that set the same key, or a key that does not name a number. */
function overwritten(reports: readonly Report[], names: readonly string[]): string {
  const odd = reports.flatMap(({ sets }) => sets).find(([key]) => /NaN|undefined|\[object/.test(key));
  if (odd) return ` One set the key ${JSON.stringify(odd[0])}: is an await missing before the number is used?`;
  for (const [i, { sets }] of reports.entries()) {
    for (const [key, value] of sets) {
      const twin = reports.findIndex((other, j) => j > i && other.sets.some(([k, v]) => k === key && v !== value));
      if (twin < 0) continue;
      const both = ` ${names[i]} and ${names[twin]} both set ${JSON.stringify(key)}`;
      return value === names[i]
        ? `${both}, each to its own name: two took the same number. add gives each another one, in one step.`
        : `${both}, to different values: the later one wiped out the earlier. Give each a key of its own.`;
    }
  }
  return "";
}

/** Waits in vain are for the judge to report; other errors are the answer's own. */
async function endOf(meeting: Promise<unknown>, sets: Report["sets"], early: boolean): Promise<Report> {
  try {
    return { met: await meeting, sets, early };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "StoreTimeoutError") throw error;
    return { met: undefined, sets, early, vain: error.message };
  }
}
