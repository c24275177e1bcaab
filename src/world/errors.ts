/** The errors by which a job ends on a rank, and what a rank did that ended before its operations. */
import { formatSite } from "../trace/site.ts";
import { formatOperation } from "./operation.ts";
import type { Work } from "./work.ts";

/** An error that every rank of a job gets when the job cannot go on. */
export class JobError extends Error {
  override readonly name = "JobError";
}

/** What `abort` throws on the rank that called it. */
export class AbortError extends Error {
  override readonly name = "AbortError";
}

/** @param last of the works that nobody has waited for, the latest first. */
export function forgotten(rank: number, last: Work<unknown>): Error {
  const texts: string[] = [];
  for (let work: Work<unknown> | undefined = last; work; work = work.nextUnclaimed) {
    const site = formatSite(work.operation.site);
    texts.push(formatOperation(work.operation) + (site ? ` (${site})` : ""));
  }
  const works = texts.reverse().slice(0, 3).join(", ");
  const more = texts.length > 3 ? ` and ${texts.length - 3} more` : "";
  return new Error(
    `rank ${rank} ended without waiting for ${works}${more}. ` +
      "`await` each operation, or let the stream wait with .wait(), before the program ends.",
  );
}
