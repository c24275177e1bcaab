/**
 * What the ranks of a group must agree on when they call an operation: one list, argument by
 * argument. The hash that ranks compare is made from it, here and nowhere else; a mismatch is reported
 * with the strings of operation.ts, which show all that is compared. A test reads the declarations of
 * ProcessGroup and fails for an argument that is not in the list.
 */
import { codeOf } from "../../device/index.ts";
import { allReduceAlgorithms } from "../algorithms/tuner.ts";
import { type Kind, kinds, type Operation, operatorCodes } from "./operation.ts";

/** What of an operation is compared between all members. */
type Compared = "operator" | "root" | "algorithm" | "shapes" | "dtype" | "ranks" | "name";

/** How one argument of an operation is treated. */
export type Rule =
  /** It must be the same on all members. */
  | { readonly same: Compared }
  /** A send and its receive are matched or compared by it. */
  | { readonly pair: string }
  /** It may differ between ranks. */
  | { readonly differs: string };

const same = (what: Compared): Rule => ({ same: what });
const pair = (how: string): Rule => ({ pair: how });
const differs = (why: string): Rule => ({ differs: why });

const matched = "a send matches the receive of the same group, peers and tag";
const size = "a send and its receive must have the same dtype and number of elements, not the same shape";
const pieces = "members know only their own piece; sender and receiver of each piece compare its length";
const ownPiece = "checked on each rank against its own piece of the other argument, which all members compare";

/** By operation and argument; options stand under their own names. */
export const agreement = {
  send: { tensor: pair(size), to: pair(matched), tag: pair(matched) },
  recv: { tensor: pair(size), from: pair(matched), tag: pair(matched) },
  batchSendRecv: { op: pair(matched), tensor: pair(size), peer: pair(matched), tag: pair(matched) },
  broadcast: { tensor: same("shapes"), root: same("root") },
  reduce: { tensor: same("shapes"), root: same("root"), operator: same("operator") },
  allReduce: { tensor: same("shapes"), operator: same("operator"), algorithm: same("algorithm") },
  gather: { output: differs(`only the root has one: ${pieces}`), input: same("dtype"), root: same("root") },
  allGather: { output: same("shapes"), input: differs(ownPiece) },
  scatter: { output: same("dtype"), input: differs(`only the root has one: ${pieces}`), root: same("root") },
  reduceScatter: { output: differs(ownPiece), input: same("shapes"), operator: same("operator") },
  allToAll: { output: same("dtype"), input: differs(pieces) },
  allToAllRows: {
    output: differs("it has room for what a rank may receive"),
    input: same("dtype"),
    sendCounts: differs("each rank has its own rows for each other"),
    receiveCounts: differs("the others fill it in"),
  },
  barrier: {},
  split: {
    color: differs("it says which group a rank wants"),
    key: differs("it says which place in the group a rank wants"),
    name: differs("each group may have its own; members of one color compare theirs"),
  },
  newGroup: { ranks: same("ranks"), name: same("name") },
  broadcastObject: { value: differs("only the root's counts"), root: same("root") },
  allGatherObject: { value: differs("each rank gives its own") },
  abort: { reason: differs("the first one ends the job") },
} as const satisfies Record<Kind | "batchSendRecv" | "abort", Record<string, Rule>>;

/** By kind: whether shapes are compared, or only the dtype. */
const byShape = kinds.map((kind) =>
  Object.values<Rule>(agreement[kind]).some((rule) => "same" in rule && rule.same === "shapes"),
);

/** What `hashOf` looks at. */
export type Agreed = Pick<Operation, "kindCode" | "operator" | "root" | "algorithm" | "made" | "data">;

/** 32-bit hash of everything that the members of a group must agree on. */
export function hashOf({ kindCode, operator, root, algorithm, made, data }: Agreed): number {
  let h = mix(0x9e3779b9 ^ kindCode, operator ? operatorCodes[operator] + 1 : 0);
  h = mix(h, root ?? -1);
  if (algorithm) h = mix(h, 1 + allReduceAlgorithms.indexOf(algorithm));
  if (made) h = mix(hashNumbers(made.ranks, h), hashText(made.name));
  if (data.length === 0) return h;
  if (!byShape[kindCode]) return mix(h, codeOf(data[0].dtype));
  for (let i = 0; i < data.length; i++) {
    const { dtype, shape } = data[i];
    h = mix(h, codeOf(dtype) + 16 * shape.length);
    for (let axis = 0; axis < shape.length; axis++) h = mix(h, shape[axis]);
  }
  return h;
}

/** The hash that a send and its receive compare: dtype and number of elements, whatever the shape. */
export function pairHash({ data }: Pick<Operation, "data">): number {
  const [{ dtype, size }] = data;
  return mix(mix(0x9e3779b9, codeOf(dtype) + 16), size);
}

/** Hash of a string; 0 for none. */
export function hashText(text: string | undefined): number {
  if (text === undefined) return 0;
  let h = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) h = mix(h, text.charCodeAt(i));
  return mix(h, text.length) || 1;
}

function hashNumbers(numbers: readonly number[], h: number): number {
  for (let i = 0; i < numbers.length; i++) h = mix(h, numbers[i]);
  return mix(h, numbers.length);
}

function mix(h: number, value: number): number {
  h = Math.imul(h ^ value, 0x85ebca6b);
  return (h ^ (h >>> 15)) | 0;
}
