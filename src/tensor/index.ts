/** n-dimensional arrays. */
export { Captured, GraphPool } from "./captured.ts";
export { decode, encode, nest, unnest } from "./host.ts";
export type { HostArray, Nested, Operand } from "./tensor.ts";
export { Tensor } from "./tensor.ts";
export { type RandomOptions, TensorDevice } from "./tensor-device.ts";
