/** The errors by which a job ends on a rank, and what a rank did that ended before its operations. */
import { formatSite } from "../../trace/site.ts";
import { formatOperation, type Operation } from "./operation.ts";

/** An error that every rank of a job gets when the job cannot go on. */
export class JobError extends Error {
  override readonly name = "JobError";
}

/** What `abort` throws on the rank that called it. */
export class AbortError extends Error {
  override readonly name = "AbortError";
}

/** @param operations that nobody has waited for, in the order of their calls. */
export function forgotten(rank: number, operations: readonly Operation[]): Error {
  const texts = operations.slice(0, 3).map((operation) => {
    const site = formatSite(operation.site);
    return formatOperation(operation) + (site ? ` (${site})` : "");
  });
  const more = operations.length > 3 ? ` and ${operations.length - 3} more` : "";
  return new Error(
    `rank ${rank} ended without waiting for ${texts.join(", ")}${more}. ` +
      "`await` each operation, or let the stream wait with .wait(), before the program ends.",
  );
}
