/** allReduce by each algorithm, as messages. What shared memory does by itself is in shm/shm-group.ts. */
import { type Operation, spanOf } from "../operation.ts";
import type { Comm, Steps } from "../transport.ts";
import type { AllReduceAlgorithm } from "../tuner.ts";
import { halvingDoublingAllReduce, recursiveDoublingAllReduce } from "./doubling.ts";
import { ringAllReduce } from "./ring.ts";
import { treeAllReduce } from "./tree.ts";

export const allReduceSteps: Readonly<Record<AllReduceAlgorithm, (comm: Comm, operation: Operation) => Steps>> = {
  shared: (comm, { data: [tensor], operator = "sum" }) => recursiveDoublingAllReduce(comm, spanOf(tensor), operator),
  ring: (comm, { data: [tensor], operator = "sum" }) => ringAllReduce(comm, spanOf(tensor), operator),
  doubling: (comm, { data: [tensor], operator = "sum" }) => recursiveDoublingAllReduce(comm, spanOf(tensor), operator),
  halving: (comm, { data: [tensor], operator = "sum" }) => halvingDoublingAllReduce(comm, spanOf(tensor), operator),
  tree: (comm, { data: [tensor], operator = "sum" }) => treeAllReduce(comm, spanOf(tensor), operator),
};
