/** Ranks that do their part, each by itself, and go on together or not at all. */
import type { ProcessGroup } from "../../world/index.ts";

/** What it needs of a group. */
export type Meeting = Pick<ProcessGroup, "rank" | "size"> & {
  allGatherObject<V>(value: V): PromiseLike<V[]>;
};

/**
 * Runs a rank's part, and waits for all others. Where one has failed, none goes on: nobody waits for a rank that has left.
 * @returns what all parts have returned, in the order of the ranks; as JSON has it.
 * @throws what failed here; on the other ranks an Error that names the first rank that failed, with its message.
 */
export async function agree<V>(group: Meeting, part: () => V | PromiseLike<V>): Promise<V[]> {
  let [value, failure]: [V | null, unknown] = [null, undefined];
  try {
    value = await part();
  } catch (error) {
    failure = error ?? new Error("undefined was thrown");
  }
  const said = failure === undefined ? null : String((failure as Error).message ?? failure);
  const all = await group.allGatherObject({ value: said === null ? (value ?? null) : null, said });
  if (failure !== undefined) throw failure;
  for (const [rank, other] of all.entries())
    if (other.said !== null) throw new Error(`Rank ${rank} failed: ${other.said}`);
  return all.map((each) => each.value as V);
}
