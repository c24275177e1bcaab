/** Pages in the host's memory, up to so many bytes; what does not fit any more goes to a tier below, if there is one. */
import { pageHash } from "./by-page.ts";
import { PageIndex } from "./page-index.ts";
import type { PageStore } from "./page-store.ts";

/** The host's memory as a tier. */
export class HostPages implements PageStore {
  readonly #index: PageIndex<Uint8Array>;
  readonly #most: number;
  readonly #below: PageStore | undefined;
  #bytes = 0;

  /** @param most bytes. @param below gets what goes. @param hash for tests, which let hashes collide. */
  constructor(pageSize: number, most: number, below?: PageStore, hash = pageHash) {
    this.#index = new PageIndex(pageSize, hash);
    this.#most = most;
    this.#below = below;
  }

  /** Bytes of the pages that it has. */
  get bytes(): number {
    return this.#bytes;
  }

  find(tokens: readonly number[], from: number, most: number): number {
    let count = 0;
    // Runs of pages that are here, and runs that are below, in turn.
    for (let more = 1; more > 0 && count < most; ) {
      more = this.#index.find(tokens, from + count, most - count);
      if (count + more < most) more += this.#below?.find(tokens, from + count + more, most - count - more) ?? 0;
      count += more;
    }
    return count;
  }

  put(tokens: readonly number[], bytes: Uint8Array): void {
    this.#delete(tokens);
    this.#index.set(tokens, bytes);
    this.#bytes += bytes.length;
    while (this.#bytes > this.#most) {
      const oldest = this.#index.takeOldest();
      if (!oldest) return;
      this.#bytes -= oldest.value.length;
      this.#below?.put(oldest.tokens, oldest.value);
    }
  }

  async get(tokens: readonly number[], page: number): Promise<Uint8Array | undefined> {
    return this.#index.get(tokens, page) ?? this.#below?.get(tokens, page);
  }

  #delete(tokens: readonly number[]): void {
    const old = this.#index.delete(tokens);
    if (old) this.#bytes -= old.length;
  }
}
