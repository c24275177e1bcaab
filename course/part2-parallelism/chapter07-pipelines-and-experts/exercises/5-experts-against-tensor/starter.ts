// Exercise 7.5: bytes that one rank sends in a mixture of experts, forward and backward together.
//
// f32: 4 bytes per element. Left out: counts of rows, the router's gradient, and gradients of other ranks' copies.
interface Plan {
  ranks: number;
  tokens: number; // of each rank
  width: number;
  experts: number; // over all ranks
  perToken: number;
}

/** Whole experts on each rank. even: choices are spread evenly; busiest: all choices are of one rank's experts. */
export function expertBytes(plan: Plan): { even: number; busiest: number } {
  return { even: 0, busiest: 0 };
}

/** A part of each expert on every rank, and the tokens of all ranks; all_reduces in rings. */
export function tensorBytes(plan: Plan): number {
  return 0;
}

/** The smallest number of ranks, from 2, that divides the experts and with which `even` is less than tensorBytes; 0 if there is none. */
export function fewest(experts: number, perToken: number): number {
  return 0;
}
