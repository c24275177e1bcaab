/** Starts the workers that are streams. */
import { Worker } from "node:worker_threads";
import type { StreamStart, StreamThread } from "../../device/index.ts";
import type { Span } from "../../trace/trace.ts";
import type { BlasChoice } from "./blas/choice.ts";
import { workerFile } from "./worker-file.ts";

/** What a stream's worker is handed. */
export interface NodeStreamStart extends StreamStart {
  readonly blas: BlasChoice | undefined;
}

/** @returns how to start streams that use this BLAS. */
export function streamSpawner(blas: BlasChoice | undefined): (start: StreamStart) => StreamThread {
  return (start) => spawnStream({ ...start, blas });
}

function spawnStream(start: NodeStreamStart): StreamThread {
  const worker = new Worker(workerFile("stream-worker"), { workerData: start, name: "stream" });
  let spans: readonly Span[] = [];
  const ended = new Promise<readonly Span[]>((resolve, reject) => {
    worker.on("message", (recorded: readonly Span[]) => {
      spans = recorded;
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(spans));
  });
  ended.catch(() => {}); // whoever waits for the thread hears of it
  return { ended, kill: () => void worker.terminate() };
}
