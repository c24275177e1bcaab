/** A store for answers, whose mistakes would have them wait for words that nobody sets. */
import type { Store } from "../world/index.ts";

/** Milliseconds after which a wait is given up, whatever the others do. */
const PATIENCE = 4000;
/** Milliseconds of one piece of a wait; a lookup takes less than one. */
const PIECE = 100;
/** Pieces in which nobody calls anything while all wait: then nobody is left who could set what they wait for. */
const STILL = 2;

export interface PatientOptions {
  /** Ranks that use the store. */
  readonly size: number;
  /** Is called for each call, with what it sets. */
  readonly asked: (key?: string, value?: string) => void;
  /** Lets time pass before what was read is there. */
  readonly held: () => Promise<void>;
}

export interface Patient {
  /** On which nobody waits for ever. */
  readonly store: Store;
  /** This rank will call nothing more. */
  leave(): Promise<void>;
}

/** A store that gives up waits that are in vain: when every rank waits without a limit of its own, or has left. */
export function patientStore(store: Store, { size, asked, held }: PatientOptions): Patient {
  const note = (what: "waiting" | "calls", amount: number): Promise<number> => store.add(`check/${what}`, amount);
  /** Waits of this rank that are in flight: many at a time are still one rank that waits. */
  let waits = 0;
  /** Whether one of them was in vain: the others then wait for this rank in vain as well. */
  let lost = false;
  const told = async <T>(call: () => Promise<T>, ...sets: readonly string[]): Promise<T> => {
    asked(...sets);
    await note("calls", 1);
    const value = await call();
    await held();
    return value;
  };
  /** Waits piece by piece. @throws what the store says of the key, when it is in vain. */
  const waitFor = async <T>(call: (ms: number) => Promise<T>): Promise<T> => {
    if (waits++ === 0 && !lost) await note("waiting", 1);
    try {
      for (let piece = 1, still = 0, before = -1; ; piece++) {
        try {
          return await call(PIECE);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== "StoreTimeoutError") throw error;
          const calls = await note("calls", 0);
          still = calls === before && (await note("waiting", 0)) >= size ? still + 1 : 0;
          before = calls;
          if (still < STILL && piece * PIECE < PATIENCE) continue;
          lost ||= still >= STILL;
          const why = still < STILL ? ` within ${PATIENCE / 1e3} s` : ", and no rank is left that could set it";
          error.message = error.message.replace(`, ${PIECE})`, ")").replace(` within ${PIECE / 1e3} s`, why);
          throw error;
        }
      }
    } finally {
      if (--waits === 0 && !lost) await note("waiting", -1);
    }
  };
  const waited = <T>(timeout: number | undefined, call: (ms: number) => Promise<T>): Promise<T> =>
    told(() => (timeout === undefined ? waitFor(call) : call(timeout)));
  return {
    store: {
      set: (key, value) => told(() => store.set(key, value), key, value),
      get: (key, timeout) => waited(timeout, (ms) => store.get(key, ms)),
      wait: (keys, timeout) => waited(timeout, (ms) => store.wait(keys, ms)),
      add: (key, amount) => told(() => store.add(key, amount)),
      compareSet: (key, expected, desired) => told(() => store.compareSet(key, expected, desired)),
      delete: (key) => told(() => store.delete(key)),
      // Who gives up has been counted already: this one waits in one piece.
      barrier: (name, count, timeout) => told(() => store.barrier(name, count, timeout ?? PATIENCE)),
    },
    async leave() {
      if (!lost) await note("waiting", 1); // for good
    },
  };
}
