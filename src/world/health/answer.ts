/**
 * The road of a report: what a rank says of itself when something is wrong, from the rank
 * to whoever judges. Its texts are bounded where they are made (names, sites, operations,
 * errors), so that it fits its room however long they were; over shared memory that room
 * is fixed, and the oldest operations give way. A report that cannot be read is a fault of
 * this library, and said to be one.
 */
import type { Report } from "../core/report.ts";
import type { Failure } from "../core/transport.ts";

/** Bytes of a report's room in shared memory. */
export const REPORT_ROOM = 32 * 1024;

/** What a rank writes there: what it does, and why it thinks that the job must end. */
export interface Answer {
  readonly report: Report;
  readonly failure?: Failure;
}

const encoder = new TextEncoder();

/** @returns JSON of at most REPORT_ROOM bytes: of the oldest operations, and of waits for the store, as many go as must. */
export function encodeAnswer({ report, failure }: Answer): Uint8Array {
  // Awaited operations are what a diagnosis lives on.
  const pending = [...report.pending].sort((a, b) => Number(b.awaited) - Number(a.awaited));
  for (let keep = 64; ; keep >>= 1) {
    const recent = keep === 0 ? [] : report.recent.slice(-keep);
    const store = report.store && { ...report.store, waits: report.store.waits.slice(0, keep) };
    const shorter = { ...report, recent, pending: pending.slice(0, keep), store };
    const bytes = encoder.encode(JSON.stringify({ report: shorter, failure }));
    if (bytes.length <= REPORT_ROOM) return bytes;
    if (keep === 0) throw new RangeError(`A report of rank ${report.rank} has ${bytes.length} bytes: ${ourFault}`);
  }
}

/** @param from the rank that wrote it. @throws Error when it cannot be read. */
export function decodeAnswer(bytes: Uint8Array, from: number): Answer {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Answer;
  } catch (error) {
    throw new Error(`The report of rank ${from} cannot be read (${(error as Error).message}): ${ourFault}`);
  }
}

/** What to do about something that cannot be. */
export const ourFault = "a fault of worldsize itself; please report it.";
