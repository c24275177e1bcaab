/** n-dimensional arrays. */
export { Captured } from "./captured.ts";
export * as functional from "./functional/index.ts";
export { GraphPool } from "./graph-pool.ts";
export { decode, encode, type HostArray, type Nested, nest, unnest } from "./host.ts";
export { closeRaw } from "./raw.ts";
export { Storage } from "./storage.ts";
export { type Operand, Tensor } from "./tensor.ts";
export { type RandomOptions, TensorDevice } from "./tensor-device.ts";
