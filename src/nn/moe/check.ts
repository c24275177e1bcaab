/** What a mixture of experts refuses before anything is allocated. */

/** Numbers of a mixture. */
interface Numbers {
  readonly experts: number;
  readonly perToken: number;
  readonly normalize?: boolean;
  readonly capacity?: number;
}

/** @throws RangeError with the numbers, and what to take instead. */
export function checkMixture({ experts, perToken, normalize = true, capacity }: Numbers): void {
  if (!(Number.isInteger(perToken) && perToken >= 1 && perToken <= experts)) {
    throw new RangeError(`Each token goes to 1 to ${experts} experts, not to ${perToken}.`);
  }
  if (perToken === 1 && normalize && experts > 1) {
    throw new RangeError(
      "With one expert for each token and normalized weights the weight is always 1, and the router gets no gradient. " +
        "Take normalize: false, or two experts.",
    );
  }
  if (capacity !== undefined && !(capacity > 0 && Number.isFinite(capacity))) {
    throw new RangeError(
      `A capacity of ${capacity} leaves experts no tokens. Give a factor above 0, such as 1.25: ` +
        `of T tokens an expert takes ⌈T · ${perToken} / ${experts} · 1.25⌉ choices at most; or none, to drop nothing.`,
    );
  }
}
