/**
 * How groups are made of a group: for split, members announce color and key; newGroup's list
 * is known to all alike. Then the first member of each new group hands out the rest.
 */

import { formatSite } from "../../trace/site.ts";
import { cut } from "../../trace/text.ts";
import { LONGEST_NAME } from "../checks/checks.ts";
import { hashText } from "../core/agreement.ts";
import type { Call } from "../core/call.ts";
import type { GroupInfo, MadeGroup, Operation } from "../core/operation.ts";
import type { Comm, Request, Steps, Transport } from "../core/transport.ts";
import { allGatherJson, allGatherNumbers } from "./objects.ts";
import { none } from "./pieces.ts";

/** What a rank asks of split. */
interface Choice {
  readonly color: number | undefined;
  readonly key: number;
  readonly name: string | undefined;
}

/** What makes groups of a group. */
export interface Maker<G> {
  readonly parent: GroupInfo;
  /** @param address of the new group's shared memory, 0 for none. */
  make(info: GroupInfo, address: number): G;
}

/** A new group's number, and the address of its shared memory (0 if the transport has none). */
interface Gift {
  readonly id: number;
  readonly address: number;
}

/** Opens a new group on a member. @param members of it, as ranks of the parent. */
type Open = (members: readonly number[], name: string, gift: Gift) => void;

/** The operation that cuts a group by color. */
export function splitCall<G>(maker: Maker<G>, choice: Choice): Call<G | undefined> {
  const { color, key, name } = choice;
  return groupCall(maker, { kind: "split", args: [color, key, name] }, (comm, operation, transport, open) =>
    exchangeSplit(comm, transport, operation, choice, (members, gift) =>
      open(members, name ?? nameOfColor(maker.parent.name, color as number), gift),
    ),
  );
}

/** The operation that makes a group of a list of ranks. */
export function newGroupCall<G>(maker: Maker<G>, made: MadeGroup): Call<G | undefined> {
  const { ranks, name = nameOfRanks(maker.parent.name, ranks) } = made;
  return groupCall(maker, { kind: "newGroup", args: [ranks, made.name], made }, (comm, _, transport, open) =>
    exchangeNewGroup(comm, transport, ranks, (gift) => open(ranks, name, gift)),
  );
}

function groupCall<G>(
  { parent, make }: Maker<G>,
  call: Pick<Call<G | undefined>, "kind" | "args" | "made">,
  exchange: (comm: Comm, operation: Operation, transport: Transport, open: Open) => Steps,
): Call<G | undefined> {
  let group: G | undefined;
  const open: Open = (members, name, { id, address }) => {
    const ranks = members.map((member) => parent.ranks[member]);
    group = make({ id, name, ranks }, address);
  };
  return {
    ...call,
    agree: none,
    reads: none,
    writes: none,
    steps: (comm, operation, transport) => exchange(comm, operation, transport, open),
    receive: (info) => (group = info ? make(info as GroupInfo, 0) : undefined),
    value: () => group,
  };
}

/** (color, key, hash of the name) of each member; color -1 means none. */
type Choices = readonly (readonly number[])[];

/** Members with this color, ordered by key, then by rank. */
function membersOf(all: Choices, color: number | undefined): number[] {
  const members = all.flatMap(([c], member) => (c === color ? [member] : []));
  return members.sort((a, b) => all[a][1] - all[b][1] || a - b);
}

/** @param open is called on members of a new group with all of them, in their order. */
function* exchangeSplit(
  comm: Comm,
  transport: Transport,
  operation: Operation,
  choice: Choice,
  open: (members: readonly number[], gift: Gift) => void,
): Steps {
  const { color, key, name } = choice;
  const all = yield* allGatherNumbers(comm, [color ?? -1, key, hashText(name)]);
  if (all.some(([c, , hash]) => c >= 0 && hash !== all.find((other) => other[0] === c)?.[2])) {
    yield* refuseNames(comm, transport, operation, choice);
  }
  const members = membersOf(all, color);
  const gift = yield* exchangeGifts(comm, transport, color === undefined ? [] : members);
  if (gift) open(members, gift);
}

/** @param open is called on members of the new group. */
function* exchangeNewGroup(
  comm: Comm,
  transport: Transport,
  members: readonly number[],
  open: (gift: Gift) => void,
): Steps {
  const gift = yield* exchangeGifts(comm, transport, members.includes(comm.rank) ? members : []);
  if (gift) open(gift);
}

/** @param members of this rank's new group, the first of which gives; empty if it gets none. */
function* exchangeGifts(
  comm: Comm,
  transport: Transport,
  members: readonly number[],
): Generator<Request | readonly Request[], Gift | undefined, void> {
  let gift = [0, 0];
  if (members[0] === comm.rank) {
    const bytes = transport.sharedBytes(members.length);
    gift = [transport.takeId(), bytes > 0 ? transport.takeShared(bytes) : 0];
  }
  const gifts = yield* allGatherNumbers(comm, gift);
  if (members.length === 0) return undefined;
  const [id, address] = gifts[members[0]];
  return { id, address: address >>> 0 };
}

/** Ranks of one color want different names: ends the job, with the same words from every rank. */
function* refuseNames(comm: Comm, transport: Transport, operation: Operation, choice: Choice): Steps {
  const { group, seq, site } = operation;
  const { color, name } = choice;
  let texts: string[] = [];
  yield* allGatherJson(comm, JSON.stringify({ color, name, site: formatSite(site) }), (all) => (texts = all));
  const choices = texts.map((text) => JSON.parse(text) as Choice & { site: string });
  const rank = choices.findIndex(
    (each) => each.color !== undefined && each.name !== choices.find(({ color }) => color === each.color)?.name,
  );
  const other = choices.findIndex((each) => each.color === choices[rank].color);
  const call = (at: number): string => {
    const { color, name } = choices[at];
    return `called split(color ${color}${name === undefined ? "" : `, name ${JSON.stringify(name)}`})`;
  };
  const at = ({ site }: { site: string }): string => (site ? ` (${site})` : "");
  transport.fail({
    kind: "mismatch",
    by: transport.rank,
    detail:
      `rank ${group.ranks[rank]} ${call(rank)} as operation ${seq} of ${group.name}${at(choices[rank])}, ` +
      `but rank ${group.ranks[other]} ${call(other)} there${at(choices[other])}. ` +
      "Ranks of one color become one group, which has one name.",
  });
  yield { done: false, peer: transport.rank, matched: true };
}

/** Room for what a shortened name says of its missing part. */
const SUFFIX = 40;

/** `world/1` */
function nameOfColor(parent: string, color: number): string {
  return cut(`${parent}/${color}`, LONGEST_NAME - SUFFIX);
}

/** `world[0,2]`, or for many ranks `world[0,1,2,3,4,5,… 121 more,127]`. */
function nameOfRanks(parent: string, ranks: readonly number[]): string {
  const shown = ranks.length > 16 ? [...ranks.slice(0, 6), `… ${ranks.length - 7} more`, ranks.at(-1)] : ranks;
  const list = `[${shown.join(",")}]`;
  return `${cut(parent, LONGEST_NAME - SUFFIX - list.length)}${list}`;
}
