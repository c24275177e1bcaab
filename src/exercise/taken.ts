/** What an answer gave, in a report beside other things: looked at once, and harmless from then on. */
import { packReport, unpackReport } from "./report.ts";

/** The value as it is, if it is plain, or words for it (`Odd`); never throws, whatever looking at it does. */
export function taken(value: unknown): unknown {
  return unpackReport(packReport(value));
}
