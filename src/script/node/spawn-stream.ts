/** Starts the workers that are streams. */
import { Worker } from "node:worker_threads";
import type { StreamStart, StreamThread } from "../../device/index.ts";
import type { Span } from "../../trace/trace.ts";
import { workerFile } from "./worker-file.ts";

export function spawnStream(start: StreamStart): StreamThread {
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
