/** The device layer: memory, streams and kernels. */
export { Allocator, type MemoryStats, OutOfMemoryError, type Usage } from "./allocator.ts";
export { type Blas, gemmByBlas, type Sgemm } from "./blas.ts";
export { addressOf, Buffer, type Hold, type Tag, tags } from "./buffer.ts";
export { COMMUNICATION, CommandRing, MAX_STREAMS, STREAM_BYTES } from "./command-ring.ts";
export type { Blockable, Completion } from "./completion.ts";
export { DeferredStream } from "./deferred-stream.ts";
export { Device, type DeviceOptions, type Ref, type StreamMaker } from "./device.ts";
export { type DType, dtypes, formatBytes, sizeOf, unknownDType } from "./dtype.ts";
export { makeExecutor } from "./executor.ts";
export { CaptureError, Graph } from "./graph.ts";
export { InlineStream } from "./inline-stream.ts";
export type { Execute } from "./kernels/execute.ts";
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
} from "./kernels/index.ts";
export { KernelRuntime, type RuntimeExtras } from "./runtime.ts";
export { SegmentPool, UNIT } from "./segments.ts";
export type { Exported } from "./sharing.ts";
export { KernelError, type Stream, StreamEvent } from "./stream.ts";
export { serveStream } from "./stream-loop.ts";
export {
  runStreamThread,
  type StreamStart,
  type StreamThread,
  ThreadedStreams,
  type ThreadedStreamsOptions,
} from "./stream-thread.ts";
export { serveTeam, TEAM_BYTES, Team } from "./team.ts";
export { ThreadedStream } from "./threaded-stream.ts";
