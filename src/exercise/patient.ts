/** A store for answers, whose mistakes would have them wait for words that nobody sets. */
import type { Store } from "../world/index.ts";

/** Milliseconds; a lookup takes less than one. */
const PATIENCE = 4000;

/**
 * A store on which nobody waits for ever.
 * @param asked is called for each call, with what it sets. @param held lets time pass before what was read is there.
 */
export function patientStore(
  store: Store,
  asked: (key?: string, value?: string) => void,
  held: () => Promise<void>,
): Store {
  const told = async <T>(call: Promise<T>, ...sets: readonly string[]): Promise<T> => {
    asked(...sets);
    const value = await call;
    await held();
    return value;
  };
  const waited = async <T>(timeout: number | undefined, call: (timeout: number) => Promise<T>): Promise<T> => {
    try {
      return await told(call(timeout ?? PATIENCE));
    } catch (error) {
      // The answer has not said so.
      if (timeout === undefined && error instanceof Error) error.message = error.message.replace(`, ${PATIENCE})`, ")");
      throw error;
    }
  };
  return {
    set: (key, value) => told(store.set(key, value), key, value),
    get: (key, timeout) => waited(timeout, (ms) => store.get(key, ms)),
    wait: (keys, timeout) => waited(timeout, (ms) => store.wait(keys, ms)),
    add: (key, amount) => told(store.add(key, amount)),
    compareSet: (key, expected, desired) => told(store.compareSet(key, expected, desired)),
    delete: (key) => told(store.delete(key)),
    barrier: (name, count, timeout) => waited(timeout, (ms) => store.barrier(name, count, ms)),
  };
}
