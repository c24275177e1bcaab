/**
 * Threads in a page: module workers that run one script. A worker comes to life only while the
 * event loop of its parent turns, so whoever may not wait for that prepares some before.
 */
import type { Port, Spawn, ThreadEnd } from "../threads.ts";

interface Data {
  readonly role: string;
  readonly start: unknown;
}

/** What a page's thread says by itself. */
type Word =
  | { readonly alive: true }
  | { readonly said: unknown }
  | { readonly failed: string }
  | { readonly over: true };

export interface PageThreads {
  readonly spawn: Spawn;
  /** Resolves when `count` threads are alive that the next calls of `spawn` will use. */
  prepare(count: number): Promise<void>;
}

/** @param script what every thread runs: it calls `playRole`. */
export function pageThreads(script: URL): PageThreads {
  const prepared: Worker[] = [];
  const open = (): Worker => new Worker(script, { type: "module" });
  const spawn: Spawn = (role, start, { onMessage, transfer = [] }) => {
    const worker = prepared.shift() ?? open();
    let end: (end: ThreadEnd) => void = () => {};
    const ended = new Promise<ThreadEnd>((resolve) => {
      end = resolve;
    });
    worker.onmessage = ({ data }: MessageEvent<Word>) => {
      if ("said" in data) onMessage?.(data.said as never);
      else if ("failed" in data) end({ error: new Error(data.failed), exitCode: 1 });
      else if ("over" in data) end({ exitCode: 0 });
    };
    worker.onerror = (event) => end({ error: new Error(event.message), exitCode: 1 });
    worker.postMessage({ role, start } satisfies Data, transfer as Transferable[]);
    return {
      post: (message) => worker.postMessage({ message }),
      ended,
      async kill() {
        worker.terminate();
        end({ exitCode: 0 });
      },
    };
  };
  const prepare = async (count: number): Promise<void> => {
    const workers = Array.from({ length: count }, open);
    const alive = workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.onmessage = () => resolve();
          worker.onerror = (event) => reject(new Error(event.message));
        }),
    );
    await Promise.all(alive);
    prepared.push(...workers);
  };
  return { spawn, prepare };
}

/** In a page's thread: says that it is alive, waits for its role, and plays it to its end. */
export function playRole(play: (role: string, start: never, port: Port) => void | Promise<void>): void {
  const heard: ((message: never) => void)[] = [];
  const early: unknown[] = [];
  const say = (word: Word): void => self.postMessage(word);
  const port: Port = {
    post: (said) => say({ said }),
    listen(onMessage) {
      heard.push(onMessage as (message: never) => void);
      for (const message of early.splice(0)) onMessage(message);
    },
    leave: () => {},
    close: () => say({ over: true }),
  };
  self.onmessage = async ({ data }: MessageEvent<Data & { message?: unknown }>) => {
    if ("message" in data) {
      if (heard.length === 0) early.push(data.message);
      for (const hear of heard) hear(data.message as never);
      return;
    }
    try {
      await play(data.role, data.start as never, port);
    } catch (error) {
      say({ failed: String((error as Error)?.stack ?? error) });
    }
  };
  say({ alive: true });
}
