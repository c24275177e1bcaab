/**
 * Where the bytes of pages go that the device has no room for: a lower tier of memory. A page's key is all tokens from the
 * beginning of the prefix to the page's end, compared one by one. What is put may be lost at any time, and is then not there;
 * what is given is what was put.
 */

/** A lower tier. */
export interface PageStore {
  /**
   * How many pages of these tokens it has, one behind the other.
   * @param from page of the tokens that is asked for first. @param most pages that are wanted.
   */
  find(tokens: readonly number[], from: number, most: number): number;
  /** Keeps a page, the last one of these tokens. Whether it has stayed, `find` says. */
  put(tokens: readonly number[], bytes: Uint8Array): void;
  /** @param page which of the tokens' pages. @returns undefined for one that is not there any more, or is damaged. */
  get(tokens: readonly number[], page: number): Promise<Uint8Array | undefined>;
}
