/**
 * A cache of prefixes as a radix tree (SGLang, Zheng et al., 2024): each node is a run of pages, and where two prefixes
 * part, a node is split. What is evicted are the ends of branches, the least recently used first; a page that a sequence
 * holds stays, and so does all before it, because a sequence holds its whole prefix.
 */
import { ByPage, pageHash, samePage } from "./by-page.ts";
import { Heap } from "./heap.ts";
import type { PagePool } from "./pool.ts";
import type { Evicted, PrefixCache } from "./prefix-cache.ts";

/** A run of pages, and the runs that go on from its end. */
export interface RadixNode {
  /** As many as its pages have. */
  readonly tokens: readonly number[];
  readonly pages: readonly number[];
  readonly parent: RadixNode | undefined;
  /** No two begin with the same page. */
  readonly children: Iterable<RadixNode> & { readonly size: number };
  /** When it was last used, on the tree's clock. */
  readonly used: number;
}

class Node implements RadixNode {
  tokens: number[];
  pages: number[];
  parent: Node | undefined;
  children: ByPage<Node>;
  used = 0;

  constructor(tokens: number[], pages: number[], parent: Node | undefined, children: ByPage<Node>, used: number) {
    this.tokens = tokens;
    this.pages = pages;
    this.parent = parent;
    this.children = children;
    this.used = used;
  }

  touch(clock: number): void {
    this.used = clock;
  }

  /** Goes on with further pages. */
  extend(tokens: readonly number[], pages: readonly number[]): void {
    for (const token of tokens) this.tokens.push(token);
    for (const page of pages) this.pages.push(page);
  }

  /** Keeps its first pages; the rest become a node behind it, with the children. @returns that node. */
  split(pages: number, pageSize: number, none: ByPage<Node>): Node {
    const [tokens, rest] = [this.tokens.splice(pages * pageSize), this.pages.splice(pages)];
    const below = new Node(tokens, rest, this, this.children, this.used);
    for (const child of below.children) child.parent = below;
    this.children = none;
    none.add(below);
    return below;
  }

  /** Takes the last page off. */
  shorten(pageSize: number): number {
    this.tokens.length -= pageSize;
    return this.pages.pop() as number;
  }

  /** All tokens from the beginning of the tree to its end. */
  path(): number[] {
    const nodes: Node[] = [];
    for (let node: Node | undefined = this; node; node = node.parent) nodes.push(node);
    return nodes.reverse().flatMap(({ tokens }) => tokens);
  }
}

/** Prefixes as a tree. */
export class RadixTree implements PrefixCache {
  readonly #pool: PagePool;
  readonly #hash: typeof pageHash;
  readonly #root: Node;
  /** Ends of branches by when they were used; an entry may be out of date, which is seen when it comes out. */
  readonly #ends = new Heap<Node>();
  #clock = 0;

  /** @param hash for tests, which let hashes collide. */
  constructor(pool: PagePool, hash = pageHash) {
    this.#pool = pool;
    this.#hash = hash;
    this.#root = new Node([], [], undefined, this.#noChildren(), 0);
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
    if (inside < last.pages.length) this.#noteEnd(last.split(inside, pageSize, this.#noChildren()));
    if (last !== this.#root && last.children.size === 0) last.extend(own, rest);
    else {
      const node = new Node(own, rest, last, this.#noChildren(), this.#clock);
      last.children.add(node);
      this.#noteEnd(node);
    }
    for (const page of rest) this.#pool.keep(page);
    return [...kept, ...rest];
  }

  evict(count: number, onEvict?: Evicted): number {
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
      while (freed < count && node.pages.length > 0 && this.#pool.isIdle(node.pages[node.pages.length - 1])) {
        const path = onEvict && node.path();
        if (node.pages.length === 1) node.parent?.children.remove(node); // by the page that it loses now
        const page = node.shorten(pageSize);
        this.#pool.forget(page);
        if (path) onEvict?.(page, path);
        freed++;
      }
      const { parent } = node;
      if (node.pages.length > 0) held.push(node);
      else if (parent && parent !== this.#root && parent.children.size === 0) this.#noteEnd(parent);
    }
    for (const node of held) this.#noteEnd(node);
    return freed;
  }

  *pages(): Iterable<number> {
    const open: Node[] = [this.#root];
    for (let node = open.pop(); node; node = open.pop()) {
      yield* node.pages;
      for (const child of node.children) open.push(child);
    }
  }

  /** Follows tokens for at most `end` pages. @param visit gets each node on the way, and how many of its pages are theirs. */
  #walk(tokens: readonly number[], end: number, visit: (node: Node, pages: number) => void): void {
    const { pageSize } = this.#pool;
    const clock = ++this.#clock;
    let node: Node | undefined = this.#root;
    let at = 0;
    while (at < end) {
      node = node.children.get(tokens, at * pageSize);
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

  #noChildren(): ByPage<Node> {
    return new ByPage(this.#pool.pageSize, this.#hash);
  }

  #noteEnd(node: Node): void {
    if (node.children.size === 0) this.#ends.push(node.used, node);
  }
}
