/** An operation in flight, for a report. */
import { formatSite } from "../../trace/site.ts";
import { formatOperation } from "./operation.ts";
import type { PendingOperation } from "./report.ts";
import type { Work } from "./work.ts";

export function pendingOf(work: Work<unknown>): PendingOperation {
  const { operation, blocking } = work;
  const { kind, group, seq, hash, peer, tag = 0 } = operation;
  return {
    text: formatOperation(operation),
    kind,
    group: group.name,
    seq,
    hash,
    site: formatSite(operation.site),
    peer: peer === undefined ? -1 : group.ranks[peer],
    tag,
    blocking,
    blockedOn: [...new Set(work.blockedOn())].slice(0, 64),
  };
}
