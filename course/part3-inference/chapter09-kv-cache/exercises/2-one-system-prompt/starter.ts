// Exercise 9.2: what a prefix cache saves when requests share a system prompt.
interface Plan {
  /** Tokens of the system prompt, the same for all requests. */
  shared: number;
  /** By request: tokens of its own, which differ from all others' from the first one on. 0 for none. */
  own: number[];
  pageSize: number;
  /** All in one step, or each after the one before it has ended. */
  atOnce: boolean;
}

/** Tokens of prompts that are run, and pages that the cache has at the end. */
export function served({ shared, own }: Plan): { computed: number; pages: number } {
  // Without any cache: every request runs its whole prompt.
  return { computed: own.reduce((sum, more) => sum + shared + more, 0), pages: 0 };
}
