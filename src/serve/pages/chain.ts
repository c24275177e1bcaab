/**
 * A cache of prefixes as a table of hashes: the plain twin of the radix tree, and vLLM's form. A page's key is the hash of the
 * page before it and of its own tokens, so that equal keys mean equal prefixes; tokens are compared all the same, since two
 * hashes may be alike by chance or by design.
 */
import { pageHash } from "./by-page.ts";
import type { PagePool } from "./pool.ts";
import type { Evicted, PrefixCache } from "./prefix-cache.ts";

interface Link {
  readonly key: number;
  readonly before: Link | undefined;
  readonly tokens: readonly number[];
  readonly page: number;
  /** Links behind it. */
  readonly behind: Set<Link>;
  /** Of the clock. */
  used: number;
}

/** Prefixes as chains of pages. */
export class HashChain implements PrefixCache {
  readonly #pool: PagePool;
  readonly #hash: typeof pageHash;
  /** By key: all links that have it. */
  readonly #links = new Map<number, Link[]>();
  #clock = 0;

  /** @param hash for tests, which let hashes collide. */
  constructor(pool: PagePool, hash = pageHash) {
    this.#pool = pool;
    this.#hash = hash;
  }

  find(tokens: readonly number[], most: number): readonly number[] {
    const { pageSize } = this.#pool;
    const pages: number[] = [];
    this.#clock++;
    let before: Link | undefined;
    for (let end = pageSize; end <= Math.min(most, tokens.length); end += pageSize) {
      const link = this.#linkOf(before, tokens.slice(end - pageSize, end));
      if (!link) break;
      link.used = this.#clock;
      pages.push(link.page);
      before = link;
    }
    return pages;
  }

  keep(tokens: readonly number[], pages: readonly number[]): readonly number[] {
    const { pageSize } = this.#pool;
    this.#clock++;
    let before: Link | undefined;
    return pages.map((page, i) => {
      const own = tokens.slice(i * pageSize, (i + 1) * pageSize);
      const link = this.#linkOf(before, own) ?? this.#add(before, own, page);
      link.used = this.#clock;
      before = link;
      return link.page;
    });
  }

  evict(count: number, onEvict?: Evicted): number {
    let freed = 0;
    while (freed < count) {
      // Of the chains' ends the one that was used the longest time ago: plain, and slow.
      let oldest: Link | undefined;
      for (const links of this.#links.values())
        for (const link of links)
          if (link.behind.size === 0 && this.#pool.isIdle(link.page) && link.used < (oldest?.used ?? Infinity))
            oldest = link;
      if (!oldest) break;
      this.#remove(oldest);
      onEvict?.(oldest.page, pathOf(oldest));
      freed++;
    }
    return freed;
  }

  *pages(): Iterable<number> {
    for (const links of this.#links.values()) for (const { page } of links) yield page;
  }

  #linkOf(before: Link | undefined, tokens: readonly number[]): Link | undefined {
    const links = this.#links.get(this.#hash(before?.key ?? 0, tokens));
    return links?.find((link) => link.before === before && tokens.every((token, i) => token === link.tokens[i]));
  }

  #add(before: Link | undefined, tokens: readonly number[], page: number): Link {
    const key = this.#hash(before?.key ?? 0, tokens);
    const link: Link = { key, before, tokens, page, behind: new Set(), used: this.#clock };
    before?.behind.add(link);
    this.#links.set(key, [...(this.#links.get(key) ?? []), link]);
    this.#pool.keep(page);
    return link;
  }

  #remove(link: Link): void {
    const rest = (this.#links.get(link.key) ?? []).filter((each) => each !== link);
    if (rest.length > 0) this.#links.set(link.key, rest);
    else this.#links.delete(link.key);
    link.before?.behind.delete(link);
    this.#pool.forget(link.page);
  }
}

/** All tokens from the beginning of a chain to a link's end. */
function pathOf(last: Link): number[] {
  const parts: (readonly number[])[] = [];
  for (let link: Link | undefined = last; link; link = link.before) parts.push(link.tokens);
  return parts.reverse().flat();
}
