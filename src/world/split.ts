/** How a group is cut into groups: members tell each other color and key, leaders hand out the rest. */
import { allGatherNumbers } from "./objects.ts";
import type { Comm, Steps, Transport } from "./transport.ts";

/** (color, key) of each member; color -1 means none. */
export type Choices = readonly (readonly number[])[];

/** Members with this color, ordered by key, then by rank. */
export function membersOf(all: Choices, color: number | undefined): number[] {
  const members = all.flatMap(([c], member) => (c === color ? [member] : []));
  return members.sort((a, b) => all[a][1] - all[b][1] || a - b);
}

/**
 * Two rounds: everybody's choice; then from the first member of each color, the new
 * group's id and the address of its shared memory (0 if the transport has none).
 * @param open is called on members with the choices, the id and the address.
 */
export function* exchangeSplit(
  comm: Comm,
  transport: Transport,
  color: number | undefined,
  key: number,
  open: (all: Choices, id: number, address: number) => void,
): Steps {
  const all = yield* allGatherNumbers(comm, [color ?? -1, key]);
  const members = membersOf(all, color);
  let gift = [0, 0];
  if (color !== undefined && members[0] === comm.rank) {
    const bytes = transport.sharedBytes(members.length);
    gift = [transport.takeId(), bytes > 0 ? transport.takeShared(bytes) : 0];
  }
  const gifts = yield* allGatherNumbers(comm, gift);
  if (color === undefined) return;
  const [id, address] = gifts[members[0]];
  open(all, id, address >>> 0);
}
