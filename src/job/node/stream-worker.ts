/** A worker that is a stream of a rank's device. */
import { parentPort, workerData } from "node:worker_threads";
import { runStreamThread } from "../../device/index.ts";
import { openExtras } from "./helpers.ts";
import type { NodeStreamStart } from "./spawn-stream.ts";

const { timeOrigin } = performance;
const { blas, helpers, ...start } = workerData as NodeStreamStart;
runStreamThread(
  start,
  () => timeOrigin + performance.now(),
  (spans) => parentPort?.postMessage(spans),
  (pool) => openExtras({ ...start, pool, blas, helpers }),
);
