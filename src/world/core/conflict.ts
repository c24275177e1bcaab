/** What is said of memory that is touched while an operation uses it. */
import { formatSite } from "../../trace/site.ts";
import { formatOperation, type Operation } from "./operation.ts";

/**
 * @param action what would be done to the memory, by the program or by another operation.
 * @param using the operation that uses it. @param waitedFor whether somebody awaits it, or has waited for it.
 */
export function conflictWords(
  rank: number,
  action: "read" | "write",
  using: Operation,
  waitedFor: boolean,
  by: Operation | undefined,
): string {
  const verb = action === "write" ? "writes to" : "reads";
  const site = formatSite(using.site);
  const what = `a buffer that ${formatOperation(using)}${site ? ` (${site})` : ""} is using`;
  if (by) {
    const both = "both would be in flight at once. Give each a buffer of its own, or await the first before";
    return `rank ${rank}'s ${formatOperation(by)} ${verb} ${what}: ${both} the second is called.`;
  }
  const why = waitedFor
    ? "that operation is still in flight. Touch the buffer after the await."
    : "that operation was neither awaited nor waited for. `await` it first, or let the stream wait with .wait().";
  return `rank ${rank} ${verb} ${what}: ${why}`;
}
