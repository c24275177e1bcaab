/** A binary heap: the least of what was put in comes out first. */

/** Values with a number each. */
export class Heap<T> {
  readonly #values: T[] = [];
  readonly #keys: number[] = [];

  /** How many are in it. */
  get size(): number {
    return this.#values.length;
  }

  /** Puts a value in. */
  push(key: number, value: T): void {
    let at = this.#values.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#keys[above] <= key) break;
      this.#set(at, this.#keys[above], this.#values[above]);
      at = above;
    }
    this.#set(at, key, value);
  }

  /** Takes out the one with the smallest key. @returns undefined when there is none. */
  pop(): { key: number; value: T } | undefined {
    const [keys, values] = [this.#keys, this.#values];
    if (values.length === 0) return undefined;
    const least = { key: keys[0], value: values[0] };
    const key = keys.pop() as number;
    const value = values.pop() as T;
    const { length } = values;
    if (length === 0) return least;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= length) break;
      if (below + 1 < length && keys[below + 1] < keys[below]) below++;
      if (keys[below] >= key) break;
      this.#set(at, keys[below], values[below]);
      at = below;
    }
    this.#set(at, key, value);
    return least;
  }

  #set(at: number, key: number, value: T): void {
    this.#keys[at] = key;
    this.#values[at] = value;
  }
}
