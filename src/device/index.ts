/** The device layer: memory, streams and kernels. */
export { Allocator, type MemoryStats, OutOfMemoryError, type Usage } from "./allocator.ts";
export { addressOf, Buffer, type Hold, type Tag } from "./buffer.ts";
export { Device, type DeviceOptions, type Exported, type Ref } from "./device.ts";
export { type DType, dtypes, formatBytes, sizeOf } from "./dtype.ts";
export {
  binaryOps,
  codeOf,
  compareOps,
  type Kernel,
  type KernelName,
  kernels,
  type ReduceOp,
  reduceOps,
  unaryOps,
} from "./kernels.ts";
export { KernelRuntime } from "./runtime.ts";
export { SegmentPool, UNIT } from "./segments.ts";
export { type Blockable, type Completion, DeferredStream, InlineStream, type Stream } from "./stream.ts";
