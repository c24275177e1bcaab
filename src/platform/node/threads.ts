/** Threads in Node: workers that run one file, which asks what role it plays. */
import {
  type MessagePort,
  parentPort,
  type Transferable,
  Worker,
  type WorkerOptions,
  workerData,
} from "node:worker_threads";
import type { Port, Spawn, ThreadEnd } from "../threads.ts";

interface Data {
  readonly role: string;
  readonly start: unknown;
}

/** The one place where Node starts a thread. @param data `undefined` for a thread that plays role after role. */
export function openWorker(file: URL, data: Data | undefined, options: Omit<WorkerOptions, "workerData">): Worker {
  return new Worker(file, { ...options, workerData: data });
}

/** @param file what every thread runs: it calls `currentRole`. */
export function nodeSpawn(file: URL): Spawn {
  return (role, start, { name, onMessage, transfer = [], background }) => {
    const transferList = transfer as Transferable[];
    const worker = openWorker(file, { role, start }, { transferList, name });
    let error: unknown;
    if (onMessage) worker.on("message", onMessage);
    worker.on("error", (thrown: unknown) => {
      error = thrown ?? null; // undefined would be no error
    });
    // Node hands over what was said before it tells of the exit.
    const ended = new Promise<ThreadEnd>((resolve) => {
      worker.on("exit", (exitCode) => resolve({ error, exitCode }));
    });
    if (background) worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      ended,
      async kill() {
        await worker.terminate();
        await ended;
      },
    };
  };
}

/** The role of the thread that calls this, and its line to whoever started it; `undefined` in one that plays role after role. */
export function currentRole(): (Data & { readonly port: Port }) | undefined {
  if (!workerData) return undefined;
  const port = parentPort as MessagePort;
  return {
    ...(workerData as Data),
    port: {
      post: (message) => port.postMessage(message),
      listen: (onMessage) => void port.on("message", onMessage),
      leave: () => port.unref(),
      close: () => port.close(),
    },
  };
}
