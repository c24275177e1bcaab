// How many tokens of a prompt a cache of prefixes has, by comparing it with everything that was served before.

/** Tokens that were kept: all that have keys and values. */
export type Kept = readonly (readonly number[])[];

/** The longest beginning of a prompt that was kept, in whole pages; its last token is always run. */
export function foundByHand(prompt: readonly number[], kept: Kept, pageSize: number): number {
  let longest = 0;
  for (const tokens of kept) {
    const whole = Math.floor(tokens.length / pageSize) * pageSize;
    let same = 0;
    while (same < Math.min(whole, prompt.length - 1) && tokens[same] === prompt[same]) same++;
    longest = Math.max(longest, Math.floor(same / pageSize) * pageSize);
  }
  return longest;
}
