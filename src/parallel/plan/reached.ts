/**
 * What programs reach of their makers' figures: all that is fitted, and none of it to a single run. The numbers for A100 and for links are
 * those of a descent on half of the published runs that `test/parallel/plan-time.test.ts` names, rounded; the other half is predicted.
 * `shown` alone is set by hand: those runs hardly depend on it. Those for H100 are set by hand to 22 runs, of which none is left over.
 */

/** What kernels reach on one generation of GPUs, as shares of its maker's operations per second. */
export interface KernelsReach {
  /** The largest products: clocks fall under load, and a kernel does not fill its units all the time. */
  readonly products: number;
  /** FlashAttention's, where exponents and rescaling stand between the products. */
  readonly flash: number;
}

/**
 * By generation. FlashAttention's first form reached 25 to 40 % on A100 (Dao, "FlashAttention-2", 2023); what is written for A100 does
 * not use what is new in H100, and reaches a smaller share there (Shah et al., "FlashAttention-3", 2024: 35 % for the second form, which
 * has 50 to 73 % on A100).
 */
export const kernels = {
  ampere: { products: 0.8, flash: 0.31 },
  hopper: { products: 0.65, flash: 0.2 },
} as const satisfies Record<string, KernelsReach>;

/** What is reached of everything else. */
export interface Reached {
  /** Of memory's bandwidth, by kernels that read and write once. */
  readonly bandwidth: number;
  /** Of links, by rings of large messages. */
  readonly links: number;
  /** Seconds from one kernel to the next. */
  readonly launch: number;
  /** Share of what travels beside the work that the work does not hide: it takes units and bandwidth from it. */
  readonly shown: number;
}

/** What is assumed unless something else is said. */
export const reached: Reached = {
  bandwidth: 0.9,
  links: 0.75,
  launch: 3e-6,
  shown: 0.2,
};
