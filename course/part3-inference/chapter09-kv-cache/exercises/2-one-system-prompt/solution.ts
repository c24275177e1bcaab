// What a prefix cache saves when requests share a system prompt (vLLM's automatic prefix caching; RadixAttention, Zheng et al., 2024).
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
export function served({ shared, own, pageSize, atOnce }: Plan): { computed: number; pages: number } {
  const common = Math.floor(shared / pageSize);
  let computed = 0;
  let pages = common;
  for (const [i, more] of own.entries()) {
    const prompt = shared + more;
    // The last token is run whatever the cache has: its logits are what the next one is drawn from.
    const most = Math.floor((prompt - 1) / pageSize);
    const found = i > 0 && !atOnce ? Math.min(common, most) : 0;
    computed += prompt - found * pageSize;
    pages += Math.floor(prompt / pageSize) - common;
  }
  return { computed, pages };
}
