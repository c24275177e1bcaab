/** A worker that is a stream of a rank's device. */
import { parentPort, workerData } from "node:worker_threads";
import { runStreamThread, type StreamStart } from "../../device/index.ts";

const { timeOrigin } = performance;
parentPort?.postMessage(runStreamThread(workerData as StreamStart, () => timeOrigin + performance.now()));
