/** The device layer: memory, streams and kernels. */

export { type Blas, gemmByBlas, type Sgemm } from "./blas.ts";
export { Device, type DeviceOptions, type Ref } from "./device.ts";
export { type DType, dtypes, formatBytes, sizeOf, unknownDType } from "./dtype.ts";
export { makeExecutor } from "./executor.ts";
export { CaptureError, Graph } from "./graph.ts";
export type { Execute } from "./kernels/execute.ts";
export {
  type BinaryOp,
  binaryOps,
  type CompareOp,
  codeOf,
  compareOps,
  type Kernel,
  type KernelName,
  kernels,
  type ReduceOp,
  reduceOps,
  runsOf,
  type UnaryOp,
  unaryOps,
} from "./kernels/index.ts";
export { Allocator, type MemoryStats, OutOfMemoryError, type Usage } from "./memory/allocator.ts";
export { addressOf, Buffer, type Hold, type Tag, tags } from "./memory/buffer.ts";
export { JOB_OWNER, ownerOf } from "./memory/owners.ts";
export { SegmentPool, UNIT } from "./memory/segments.ts";
export type { Exported } from "./memory/sharing.ts";
export { KernelRuntime, type RuntimeExtras } from "./runtime.ts";
export { COMMUNICATION, CommandRing, MAX_STREAMS, STREAM_BYTES } from "./streams/command-ring.ts";
export type { Blockable, Completion } from "./streams/completion.ts";
export { DeferredStream } from "./streams/deferred-stream.ts";
export type { StreamMaker } from "./streams/device-streams.ts";
export { InlineStream } from "./streams/inline-stream.ts";
export { KernelError, type Stream, StreamEvent } from "./streams/stream.ts";
export { serveStream } from "./streams/stream-loop.ts";
export {
  runStreamThread,
  type StreamStart,
  type StreamThread,
  ThreadedStreams,
  type ThreadedStreamsOptions,
} from "./streams/stream-thread.ts";
export { ThreadedStream } from "./streams/threaded-stream.ts";
export { serveTeam, TEAM_BYTES, Team } from "./team.ts";
