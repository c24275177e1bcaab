/** Starts the workers that are streams. */
import { Worker } from "node:worker_threads";
import type { StreamStart, StreamThread } from "../../device/index.ts";
import type { Span } from "../../trace/trace.ts";
import type { BlasChoice } from "./blas/format.ts";
import { workerFile } from "./worker-file.ts";

/** What a stream's worker is handed. */
export interface NodeStreamStart extends StreamStart {
  readonly blas: BlasChoice | undefined;
  readonly helpers: number;
}

/** @returns how to start streams that use this BLAS, with so many helpers each. */
export function streamSpawner(blas: BlasChoice | undefined, helpers: number): (start: StreamStart) => StreamThread {
  return (start) => spawnStream({ ...start, blas, helpers });
}

function spawnStream(start: NodeStreamStart): StreamThread {
  const worker = new Worker(workerFile("stream-worker"), { workerData: start, name: "stream" });
  const spans: Span[] = [];
  const waiting: (() => void)[] = [];
  worker.on("message", (recorded: readonly Span[]) => {
    spans.push(...recorded);
    for (const resolve of waiting.splice(0)) resolve();
  });
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
  ended.catch(() => {}); // whoever waits for the thread hears of it
  const reported = (): Promise<void> => {
    const report = new Promise<void>((resolve) => void waiting.push(resolve));
    return Promise.race([report, ended]);
  };
  return { spans, reported, ended, kill: () => void worker.terminate() };
}
