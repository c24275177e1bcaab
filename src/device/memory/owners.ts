/** In whose name segments of the pool are taken: ranks by their own number, everything else by one above all ranks. */

/** What a thread takes for itself: its kernels' scratch, a stream's ring, the communication stream's buffers, its helpers' words. */
export type Purpose = "scratch" | "stream" | "communication" | "helpers";

const first: Readonly<Record<Purpose, number>> = {
  scratch: 60_000,
  stream: 61_000,
  communication: 62_000,
  helpers: 63_000,
};

/** The owner of what a thread of this rank takes for itself. */
export function ownerOf(purpose: Purpose, rank: number): number {
  return first[purpose] + rank;
}

/** The owner of what belongs to the whole job. */
export const JOB_OWNER = 65_000;
