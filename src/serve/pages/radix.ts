/**
 * A cache of prefixes as a radix tree (SGLang, Zheng et al., 2024): each node is a run of pages, and where two prefixes
 * part, a node is split. What is evicted are the ends of branches, the least recently used first; a page that a sequence
 * holds stays, and so does all before it, because a sequence holds its whole prefix.
 */
import { Heap } from "./heap.ts";
import type { PagePool } from "./pool.ts";
import type { PrefixCache } from "./prefix-cache.ts";

/** A run of pages, and the runs that go on from its end. */
export interface RadixNode {
  /** As many as its pages have. */
  readonly tokens: number[];
  readonly pages: number[];
  readonly parent: RadixNode | undefined;
  /** By the tokens of their first page. */
  readonly children: ReadonlyMap<string, RadixNode>;
  /** When it was last used, on the tree's clock. */
  readonly used: number;
}

class Node implements RadixNode {
  tokens: number[];
  pages: number[];
  parent: Node | undefined;
  children = new Map<string, Node>();
  used = 0;

  constructor(tokens: number[], pages: number[], parent: Node | undefined, used: number) {
    this.tokens = tokens;
    this.pages = pages;
    this.parent = parent;
    this.used = used;
  }

  touch(clock: number): void {
    this.used = clock;
  }

  /** Goes on with further pages. */
  extend(tokens: readonly number[], pages: readonly number[]): void {
    this.tokens.push(...tokens);
    this.pages.push(...pages);
  }

  /** Keeps its first pages; the rest become a node behind it, with the children. @returns that node. */
  split(pages: number, pageSize: number): Node {
    const below = new Node(this.tokens.splice(pages * pageSize), this.pages.splice(pages), this, this.used);
    below.children = this.children;
    for (const child of below.children.values()) child.parent = below;
    this.children = new Map([[firstPage(below.tokens, 0, pageSize), below]]);
    return below;
  }

  /** Takes the last page off. */
  shorten(pageSize: number): number {
    this.tokens.length -= pageSize;
    return this.pages.pop() as number;
  }
}

/** What is told apart by: the tokens of one page. */
function firstPage(tokens: readonly number[], from: number, pageSize: number): string {
  return pageSize === 1 ? String(tokens[from]) : tokens.slice(from, from + pageSize).join();
}

/** Prefixes as a tree. */
export class RadixTree implements PrefixCache {
  readonly #pool: PagePool;
  readonly #root = new Node([], [], undefined, 0);
  /** Ends of branches by when they were used; an entry may be out of date, which is seen when it comes out. */
  readonly #ends = new Heap<Node>();
  #clock = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /** Its first node, which has no page. For pictures. */
  get root(): RadixNode {
    return this.#root;
  }

  find(tokens: readonly number[], most: number): readonly number[] {
    const found: number[] = [];
    const end = Math.floor(Math.min(most, tokens.length) / this.#pool.pageSize);
    this.#walk(tokens, end, (node, count) => {
      for (let i = 0; i < count; i++) found.push(node.pages[i]);
    });
    return found;
  }

  keep(tokens: readonly number[], pages: readonly number[]): readonly number[] {
    const { pageSize } = this.#pool;
    const kept: number[] = [];
    let [last, inside] = [this.#root, 0];
    this.#walk(tokens, pages.length, (node, count) => {
      for (let i = 0; i < count; i++) kept.push(node.pages[i]);
      [last, inside] = [node, count];
    });
    const rest = pages.slice(kept.length);
    if (rest.length === 0) return kept;
    const from = kept.length * pageSize;
    const own = tokens.slice(from, from + rest.length * pageSize);
    if (inside < last.pages.length) this.#noteEnd(last.split(inside, pageSize));
    if (last !== this.#root && last.children.size === 0) last.extend(own, rest);
    else {
      const node = new Node(own, [...rest], last, this.#clock);
      last.children.set(firstPage(own, 0, pageSize), node);
      this.#noteEnd(node);
    }
    for (const page of rest) this.#pool.keep(page);
    return [...kept, ...rest];
  }

  evict(count: number): number {
    const { pageSize } = this.#pool;
    const held: Node[] = [];
    let freed = 0;
    while (freed < count) {
      const entry = this.#ends.pop();
      if (!entry) break;
      const { key, value: node } = entry;
      if (node.pages.length === 0 || node.children.size > 0) continue; // it is gone, or no end any more
      if (key < node.used) {
        this.#noteEnd(node); // it was used since
        continue;
      }
      const first = firstPage(node.tokens, 0, pageSize);
      while (freed < count && node.pages.length > 0 && this.#pool.isIdle(node.pages[node.pages.length - 1])) {
        this.#pool.forget(node.shorten(pageSize));
        freed++;
      }
      const { parent } = node;
      if (node.pages.length > 0) held.push(node);
      else if (parent) {
        parent.children.delete(first);
        if (parent !== this.#root && parent.children.size === 0) this.#noteEnd(parent);
      }
    }
    for (const node of held) this.#noteEnd(node);
    return freed;
  }

  *pages(): Iterable<number> {
    const open: Node[] = [this.#root];
    for (let node = open.pop(); node; node = open.pop()) {
      yield* node.pages;
      open.push(...node.children.values());
    }
  }

  /** Follows tokens for at most `end` pages. @param visit gets each node on the way, and how many of its pages are theirs. */
  #walk(tokens: readonly number[], end: number, visit: (node: Node, pages: number) => void): void {
    const { pageSize } = this.#pool;
    const clock = ++this.#clock;
    let node: Node | undefined = this.#root;
    let at = 0;
    while (at < end) {
      node = node.children.get(firstPage(tokens, at * pageSize, pageSize));
      if (!node) return;
      node.touch(clock);
      const most = Math.min(node.pages.length, end - at);
      let count = 1;
      while (count < most && samePage(node.tokens, count * pageSize, tokens, (at + count) * pageSize, pageSize))
        count++;
      visit(node, count);
      if (count < node.pages.length) return;
      at += count;
    }
  }

  #noteEnd(node: Node): void {
    if (node.children.size === 0) this.#ends.push(node.used, node);
  }
}

function samePage(a: readonly number[], at: number, b: readonly number[], from: number, pageSize: number): boolean {
  for (let i = 0; i < pageSize; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}
