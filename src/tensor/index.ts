/** n-dimensional arrays. */
export { Captured } from "./captured.ts";
export * as functional from "./functional/index.ts";
export { GraphPool } from "./graph-pool.ts";
export { decode, encode, type HostArray, type Nested, nest, unnest } from "./host.ts";
export type { RandomOptions, RandomState } from "./random.ts";
export { closeRaw, rawOf } from "./raw.ts";
export type { BackwardOptions, Edge, GradientNode, HookHandle, LeafOptions, Recorder } from "./recorder.ts";
export type { Kept } from "./scope.ts";
export { contiguousStrides, type Shape, sameShape, sizeOfShape } from "./shape.ts";
export { Storage } from "./storage.ts";
export { type Operand, Tensor } from "./tensor.ts";
export { TensorDevice } from "./tensor-device.ts";
export { edgeOf, setEdge } from "./tracked.ts";
