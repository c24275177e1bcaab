/**
 * What programs reach of their makers' figures. These few numbers are all that is fitted, to half of the published runs that
 * `test/parallel/plan-time.test.ts` names; the other half is predicted. None belongs to a single run.
 */

/** Shares of a maker's figure, and what no figure tells. */
export interface Reached {
  /** Of a device's operations, by the largest products: clocks fall under load, and a kernel fills its units not all the time. */
  readonly products: number;
  /** The same for FlashAttention's kernels, whose exponents and rescaling stand between the products. */
  readonly flash: number;
  /** Of memory's bandwidth, by kernels that read and write once. */
  readonly bandwidth: number;
  /** Of links, by rings of large messages. */
  readonly links: number;
  /** Seconds from one kernel to the next. */
  readonly launch: number;
  /** Share of what travels beside the work that the work does not hide: it takes units and bandwidth from it. */
  readonly shown: number;
}

export const reached: Reached = {
  products: 0.8,
  flash: 0.31,
  bandwidth: 0.9,
  links: 0.75,
  launch: 3e-6,
  shown: 0.2,
};
