/**
 * A number for every pair of ids, given out in the order in which pairs are added: a hash table with open addressing in
 * three typed arrays, several times faster than a Map with a key made of two numbers.
 */
export class PairTable {
  #size = 0;
  #firsts = new Int32Array(1024);
  #seconds = new Int32Array(1024);
  /** Slots hold a pair's number plus one; 0 is empty. Twice as many as there can be pairs. */
  #slots = new Int32Array(2048);

  /** How many pairs there are; they are numbered from 0. */
  get size(): number {
    return this.#size;
  }

  /** The first id of a pair by its number. */
  first(index: number): number {
    return this.#firsts[index];
  }

  /** The second id of a pair by its number. */
  second(index: number): number {
    return this.#seconds[index];
  }

  /** The number of a pair, or -1. */
  find(a: number, b: number): number {
    return this.#slots[this.#slot(a, b)] - 1;
  }

  /** The number of a pair, which is added if it is not there. */
  add(a: number, b: number): number {
    const slot = this.#slot(a, b);
    if (this.#slots[slot] > 0) return this.#slots[slot] - 1;
    const index = this.#size++;
    this.#firsts[index] = a;
    this.#seconds[index] = b;
    this.#slots[slot] = index + 1;
    if (this.#size === this.#firsts.length) this.#grow();
    return index;
  }

  /** Where a pair is, or the empty slot where it would be. */
  #slot(a: number, b: number): number {
    const mask = this.#slots.length - 1;
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] - 1;
      if (index < 0 || (this.#firsts[index] === a && this.#seconds[index] === b)) return slot;
    }
  }

  #grow(): void {
    const length = 2 * this.#firsts.length;
    const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const wide = new Int32Array(length);
      wide.set(old);
      return wide;
    };
    this.#firsts = wider(this.#firsts);
    this.#seconds = wider(this.#seconds);
    this.#slots = new Int32Array(2 * length);
    for (let i = 0; i < this.#size; i++) this.#slots[this.#slot(this.#firsts[i], this.#seconds[i])] = i + 1;
  }
}
