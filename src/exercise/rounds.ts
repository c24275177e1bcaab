/** Reports of several rounds, of which an answer can spoil any. */
import { Wrong } from "./outcome.ts";
import { isOdd } from "./report.ts";

/**
 * What `run` returned on a rank: one report a round.
 * @param what begins the message: `what rank 1 of 2 returned`.
 * @throws Wrong when it is no list, because the answer returned what throws when it is looked at.
 */
export function roundsOf<T>(report: unknown, what: string): readonly T[] {
  if (Array.isArray(report)) return report;
  throw new Wrong("what it returns", `${what} is ${isOdd(report) ? report.words : "missing"}.`);
}
