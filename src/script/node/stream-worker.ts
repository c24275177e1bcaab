/** A worker that is a stream of a rank's device. */
import { parentPort, workerData } from "node:worker_threads";
import { runStreamThread } from "../../device/index.ts";
import { NativeBlas } from "./blas/native.ts";
import type { NodeStreamStart } from "./spawn-stream.ts";

const { timeOrigin } = performance;
const { blas, ...start } = workerData as NodeStreamStart;
runStreamThread(
  start,
  () => timeOrigin + performance.now(),
  (spans) => parentPort?.postMessage(spans),
  (memory) => blas && new NativeBlas(blas, memory),
);
