/** Nodes of a tree by the tokens of their first page: a hash finds them, and the tokens themselves tell them apart. */

/** What is found by its first page. */
export interface Paged {
  /** At least one page's. */
  readonly tokens: readonly number[];
}

/** Hash of a page's tokens, behind those that have another hash: 32 bits (FNV-1a over words). */
export function pageHash(before: number, tokens: readonly number[], from = 0, end = tokens.length): number {
  let hash = before ^ 0x811c9dc5;
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ tokens[i], 0x01000193) ^ (hash >>> 15);
  return hash >>> 0;
}

/** Whether two pages have the same tokens: one from `at` on, the other from `from` on. */
export function samePage(
  a: readonly number[],
  at: number,
  b: readonly number[],
  from: number,
  pageSize: number,
): boolean {
  for (let i = 0; i < pageSize; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}

/** Nodes, of which no two begin with the same page. */
export class ByPage<N extends Paged> {
  readonly #pageSize: number;
  readonly #hash: typeof pageHash;
  /** By hash: all nodes that have it. Made with the first node: most nodes of a tree are ends. */
  #lists: Map<number, N[]> | undefined;
  #size = 0;

  /** @param hash for tests, which let hashes collide. */
  constructor(pageSize: number, hash = pageHash) {
    this.#pageSize = pageSize;
    this.#hash = hash;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The node whose first page has the tokens from `from` on. */
  get(tokens: readonly number[], from: number): N | undefined {
    const list = this.#lists?.get(this.#hash(0, tokens, from, from + this.#pageSize));
    return list?.find((node) => samePage(node.tokens, 0, tokens, from, this.#pageSize));
  }

  /** One more, whose first page no other has. */
  add(node: N): void {
    const key = this.#hash(0, node.tokens, 0, this.#pageSize);
    this.#lists ??= new Map();
    const list = this.#lists.get(key);
    if (list) list.push(node);
    else this.#lists.set(key, [node]);
    this.#size++;
  }

  /** One less; its first page is as it was when it came. */
  remove(node: N): void {
    const key = this.#hash(0, node.tokens, 0, this.#pageSize);
    const list = this.#lists?.get(key) ?? [];
    const at = list.indexOf(node);
    if (at < 0) return;
    if (list.length === 1) this.#lists?.delete(key);
    else list.splice(at, 1);
    this.#size--;
  }

  *[Symbol.iterator](): Iterator<N> {
    for (const list of this.#lists?.values() ?? []) yield* list;
  }
}
