/** Values by whole prefixes of tokens, page by page: a tree, in which no two prefixes are taken for one another. */
import { ByPage, pageHash } from "./by-page.ts";

class Place<T> {
  /** Of its page alone. */
  readonly tokens: readonly number[];
  readonly before: Place<T> | undefined;
  readonly behind: ByPage<Place<T>>;
  value: T | undefined;

  constructor(tokens: readonly number[], before: Place<T> | undefined, behind: ByPage<Place<T>>) {
    this.tokens = tokens;
    this.before = before;
    this.behind = behind;
  }

  set(value: T | undefined): void {
    this.value = value;
  }

  /** All tokens up to its end. */
  path(): number[] {
    const parts: (readonly number[])[] = [];
    for (let place: Place<T> | undefined = this; place; place = place.before) parts.push(place.tokens);
    return parts.reverse().flat();
  }
}

/** Prefixes with a value each, in the order in which they were used. */
export class PageIndex<T> {
  readonly #pageSize: number;
  readonly #hash: typeof pageHash;
  readonly #root: Place<T>;
  /** Places that have a value, the least recently used first. */
  readonly #used = new Set<Place<T>>();

  /** @param hash for tests, which let hashes collide. */
  constructor(pageSize: number, hash = pageHash) {
    this.#pageSize = pageSize;
    this.#hash = hash;
    this.#root = this.#place([], undefined);
  }

  /** How many values there are. */
  get size(): number {
    return this.#used.size;
  }

  /** How many pages have a value, one behind the other from the `from`-th of these tokens on; at most `most`. */
  find(tokens: readonly number[], from: number, most: number): number {
    let count = 0;
    let place = this.#walk(tokens, from);
    while (place && count < most) {
      place = place.behind.get(tokens, (from + count) * this.#pageSize);
      if (place?.value === undefined) break;
      count++;
    }
    return count;
  }

  /** The value of the `page`-th page of these tokens; it counts as used now. */
  get(tokens: readonly number[], page: number): T | undefined {
    const place = this.#walk(tokens, page + 1);
    if (place?.value === undefined) return undefined;
    this.#used.delete(place);
    this.#used.add(place);
    return place.value;
  }

  /** Gives the last page of these tokens a value; it counts as used now. */
  set(tokens: readonly number[], value: T): void {
    let place = this.#root;
    for (let at = 0; at < tokens.length; at += this.#pageSize) {
      let next = place.behind.get(tokens, at);
      if (!next) {
        next = this.#place(tokens.slice(at, at + this.#pageSize), place);
        place.behind.add(next);
      }
      place = next;
    }
    place.set(value);
    this.#used.delete(place);
    this.#used.add(place);
  }

  /** Takes the value of the last page of these tokens away. @returns it. */
  delete(tokens: readonly number[]): T | undefined {
    const place = this.#walk(tokens, tokens.length / this.#pageSize);
    const value = place?.value;
    if (place && value !== undefined) this.#forget(place);
    return value;
  }

  /** Takes the value away that was used the longest time ago. @returns it, with its tokens; undefined when there is none. */
  takeOldest(): { readonly tokens: readonly number[]; readonly value: T } | undefined {
    const [place] = this.#used;
    if (place?.value === undefined) return undefined;
    const oldest = { tokens: place.path(), value: place.value };
    this.#forget(place);
    return oldest;
  }

  #walk(tokens: readonly number[], pages: number): Place<T> | undefined {
    let place: Place<T> | undefined = this.#root;
    for (let i = 0; place && i < pages; i++) place = place.behind.get(tokens, i * this.#pageSize);
    return place;
  }

  #forget(place: Place<T>): void {
    this.#used.delete(place);
    place.set(undefined);
    // What only led to it goes, too.
    for (let end = place; end.before && end.value === undefined && end.behind.size === 0; end = end.before)
      end.before.behind.remove(end);
  }

  #place(tokens: readonly number[], before: Place<T> | undefined): Place<T> {
    return new Place(tokens, before, new ByPage(this.#pageSize, this.#hash));
  }
}
