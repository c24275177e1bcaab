/** allReduce by each algorithm, as messages, and what each costs. What shared memory does by itself is in shm/shm-all-reduce.ts. */
import type { ReduceOp } from "../../device/index.ts";
import type { Operation } from "../core/operation.ts";
import { type Span, spanOf } from "../core/span.ts";
import type { Comm, Steps } from "../core/transport.ts";
import type { Cost } from "./cost.ts";
import { doubleTreeAllReduce, doubleTreeCost } from "./double-tree.ts";
import { doublingCost, halvingCost, halvingDoublingAllReduce, recursiveDoublingAllReduce } from "./doubling.ts";
import { hierarchicalAllReduce, hierarchicalCost } from "./hierarchical.ts";
import { oneShotAllReduce, oneShotCost } from "./one-shot.ts";
import { ringAllReduce, ringCost } from "./ring.ts";
import { treeAllReduce, treeCost } from "./tree.ts";
import type { AllReduceAlgorithm } from "./tuner.ts";
import { reduceWide } from "./wide.ts";

/** An algorithm that reduces a span in place on all ranks. */
type InPlace = (comm: Comm, span: Span, operator: ReduceOp) => Steps;

const inPlace: Readonly<Record<AllReduceAlgorithm, InPlace>> = {
  shared: recursiveDoublingAllReduce,
  ring: ringAllReduce,
  doubling: recursiveDoublingAllReduce,
  halving: halvingDoublingAllReduce,
  tree: treeAllReduce,
  "double-tree": doubleTreeAllReduce,
  hierarchical: hierarchicalAllReduce,
  "one-shot": oneShotAllReduce,
};

function stepsOf(algorithm: InPlace): (comm: Comm, operation: Operation) => Steps {
  return (comm, { data: [tensor], operator = "sum" }) =>
    reduceWide(comm, spanOf(tensor), operator, true, (span, inner) => algorithm(comm, span, inner));
}

export const allReduceSteps = Object.fromEntries(
  Object.entries(inPlace).map(([name, algorithm]) => [name, stepsOf(algorithm)]),
) as Readonly<Record<AllReduceAlgorithm, (comm: Comm, operation: Operation) => Steps>>;

/** Algorithms that are made of messages. */
export type MessageAlgorithm = Exclude<AllReduceAlgorithm, "shared">;

/** What each algorithm sends, and how long its longest chain is. */
export const allReduceCosts: Readonly<Record<MessageAlgorithm, Cost>> = {
  ring: ringCost,
  doubling: doublingCost,
  halving: halvingCost,
  tree: treeCost,
  "double-tree": doubleTreeCost,
  hierarchical: hierarchicalCost,
  "one-shot": oneShotCost,
};
