// The machine of 8.4, around an answer: it says who has arrived, runs rows over slots that nobody clears, and notes all.
import { isOdd, plainOf } from "worldsize/exercise";
import { type Load, nextOf, type Request } from "./cases.ts";

export interface Row {
  readonly slot: number;
  readonly start: number;
  readonly tokens: readonly number[];
}

/** What an answer is handed. */
export interface Machine {
  readonly slots: number;
  /** Whether requests may still come. */
  readonly open: boolean;
  arrived(): Request[];
  step(rows: Row[]): Promise<number[]>;
  give(id: number, token: number): void;
}

/** What an answer did with a load. */
export interface Ran {
  readonly steps: number;
  /** Tokens that were run. */
  readonly tokens: number;
  /** What was given, and after how many steps. */
  readonly given: readonly { readonly id: unknown; readonly token: unknown; readonly after: number }[];
  /** Rows that no machine can run: why. */
  readonly refused?: string;
}

const MOST_STEPS = 300;

/** Ends an answer that goes on and on, or asks for what cannot be done. */
class Refused extends Error {}

/** Runs an answer on a load. @throws what the answer throws. */
export async function ranOn(load: Load, serve: (machine: Machine) => unknown): Promise<Ran> {
  const { slots } = load;
  /** By slot: token and position in each of its places. */
  const places: (readonly [number, number])[][] = Array.from({ length: slots }, () => []);
  const given: { id: unknown; token: unknown; after: number }[] = [];
  let [steps, tokens, told] = [0, 0, 0];
  let refused: string | undefined;
  const refuse = (why: string): never => {
    refused ??= why;
    throw new Refused(why);
  };
  const machine: Machine = {
    slots,
    get open() {
      return load.arrivals.some(({ before }) => before > steps);
    },
    arrived() {
      const come = load.arrivals.slice(told).filter(({ before }) => before <= steps);
      told += come.length;
      return come.map(({ request }) => ({ ...request, prompt: [...request.prompt] }));
    },
    async step(asked) {
      const rows = rowsOf(plainOf(asked), slots, refuse);
      if (++steps > MOST_STEPS) refuse(`step was called more than ${MOST_STEPS} times: the loop does not end.`);
      for (const { slot, start, tokens: row } of rows) {
        row.forEach((token, i) => {
          places[slot][start + i] = [token, start + i];
        });
        tokens += row.length;
      }
      return rows.map(({ slot, start, tokens: row }) =>
        nextOf(Array.from({ length: start + row.length }, (_, i) => places[slot][i] ?? [-1, -1])),
      );
    },
    give(id, token) {
      given.push({ id: plainOf(id), token: plainOf(token), after: steps });
    },
  };
  try {
    await serve(machine);
  } catch (error) {
    if (refused === undefined) throw error;
  }
  return { steps, tokens, given, refused };
}

/** Rows that can be run. */
function rowsOf(asked: unknown, slots: number, refuse: (why: string) => never): Row[] {
  if (!Array.isArray(asked)) return refuse("step was given no list of rows.");
  const seen = new Set<number>();
  return asked.map((row: unknown) => {
    if (typeof row !== "object" || row === null || isOdd(row)) return refuse("step was given a row that is no object.");
    const { slot, start, tokens } = row as Partial<Row>;
    if (!Number.isInteger(slot) || (slot as number) < 0 || (slot as number) >= slots)
      return refuse(`a row has the slot ${String(slot)}; they are 0 to ${slots - 1}.`);
    if (seen.has(slot as number)) return refuse(`two rows of a step have slot ${slot}.`);
    seen.add(slot as number);
    if (!Number.isInteger(start) || (start as number) < 0 || (start as number) > 1000)
      return refuse(`a row has the start ${String(start)}.`);
    if (!Array.isArray(tokens) || tokens.length === 0 || tokens.length > 1000 || !tokens.every(Number.isInteger))
      return refuse("a row has no list of tokens, or an empty one.");
    return { slot, start, tokens } as Row;
  });
}
