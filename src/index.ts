/** worldsize: what programs import. */

export {
  type CustomGradients,
  type CustomOperation,
  customOperation,
  recompute,
  type SavedHooks,
  tapeOf,
} from "./autograd/index.ts";
export { type DType, type MemoryStats, OutOfMemoryError, type Tag } from "./device/index.ts";
export * from "./nn/index.ts";
export {
  boolean,
  type Cell,
  type Context,
  choice,
  defineScript,
  number,
  type Row,
  type Script,
  type Series,
  type Show,
  string,
  type TimelineLane,
} from "./script/index.ts";
export { functional, type Nested, type Operand, type Storage, Tensor, type TensorDevice } from "./tensor/index.ts";
export type { Span } from "./trace/trace.ts";
export {
  AbortError,
  type AllReduceAlgorithm,
  allReduceAlgorithms,
  allReduceCosts,
  busFactor,
  JobError,
  type Operator,
  ProcessGroup,
  type Store,
  Work,
} from "./world/index.ts";
