/** The list of all claims: a line for each, with what it rests on; and how many of each kind there are. */
import type { Backing } from "./claim.ts";
import { registers } from "./registers.ts";

/** What a claim rests on, in a few words. */
export function told(claim: Backing): string {
  switch (claim.by) {
    case "command":
      return claim.run;
    case "measured":
      return `${claim.run} (${claim.where})`;
    case "source":
      return claim.sources.map(({ title, year, url }) => `${title}, ${year}, ${url}`).join("; ");
    case "example":
      return claim.why;
    default:
      return Object.keys(claim.gives).join(", ");
  }
}

/** Lines of the list, page by page. */
export function list(): string[] {
  const kinds = new Map<string, number>();
  const lines = registers.flatMap(({ page, claims }) => [
    "",
    `${page}: ${claims.length} claims`,
    ...claims.map((claim) => {
      kinds.set(claim.by, (kinds.get(claim.by) ?? 0) + 1);
      return `  ${claim.by.padEnd(10)} ${claim.says}  ◀ ${told(claim)}`;
    }),
  ]);
  const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
  const counted = [...kinds].sort((a, b) => b[1] - a[1]).map(([kind, count]) => `${count} ${kind}`);
  return [...lines.slice(1), "", `${total} claims: ${counted.join(", ")}`];
}
