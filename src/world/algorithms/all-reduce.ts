/** allReduce by each algorithm, as messages, and what each costs. What shared memory does by itself is in shm/shm-group.ts. */
import { type Operation, spanOf } from "../operation.ts";
import type { Comm, Steps } from "../transport.ts";
import type { AllReduceAlgorithm } from "../tuner.ts";
import type { Cost } from "./cost.ts";
import { doubleTreeAllReduce, doubleTreeCost } from "./double-tree.ts";
import { doublingCost, halvingCost, halvingDoublingAllReduce, recursiveDoublingAllReduce } from "./doubling.ts";
import { hierarchicalAllReduce, hierarchicalCost } from "./hierarchical.ts";
import { oneShotAllReduce, oneShotCost } from "./one-shot.ts";
import { ringAllReduce, ringCost } from "./ring.ts";
import { treeAllReduce, treeCost } from "./tree.ts";

export const allReduceSteps: Readonly<Record<AllReduceAlgorithm, (comm: Comm, operation: Operation) => Steps>> = {
  shared: (comm, { data: [tensor], operator = "sum" }) => recursiveDoublingAllReduce(comm, spanOf(tensor), operator),
  ring: (comm, { data: [tensor], operator = "sum" }) => ringAllReduce(comm, spanOf(tensor), operator),
  doubling: (comm, { data: [tensor], operator = "sum" }) => recursiveDoublingAllReduce(comm, spanOf(tensor), operator),
  halving: (comm, { data: [tensor], operator = "sum" }) => halvingDoublingAllReduce(comm, spanOf(tensor), operator),
  tree: (comm, { data: [tensor], operator = "sum" }) => treeAllReduce(comm, spanOf(tensor), operator),
  "double-tree": (comm, { data: [tensor], operator = "sum" }) => doubleTreeAllReduce(comm, spanOf(tensor), operator),
  hierarchical: (comm, { data: [tensor], operator = "sum" }) => hierarchicalAllReduce(comm, spanOf(tensor), operator),
  "one-shot": (comm, { data: [tensor], operator = "sum" }) => oneShotAllReduce(comm, spanOf(tensor), operator),
};

/** Algorithms that are made of messages. */
export type MessageAlgorithm = Exclude<AllReduceAlgorithm, "shared">;

export const allReduceCosts: Readonly<Record<MessageAlgorithm, Cost>> = {
  ring: ringCost,
  doubling: doublingCost,
  halving: halvingCost,
  tree: treeCost,
  "double-tree": doubleTreeCost,
  hierarchical: hierarchicalCost,
  "one-shot": oneShotCost,
};
