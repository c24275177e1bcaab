/** A thread that is a stream of a rank's device: how it is started, and what it does. */
import { runStreamThread, type StreamStart, type StreamThread } from "../../device/index.ts";
import type { Port } from "../../platform/threads.ts";
import type { Span } from "../../trace/trace.ts";
import type { BlasChoice } from "../blas-choice.ts";
import type { ThreadKit } from "../kit.ts";
import { openExtras } from "./extras.ts";

/** What a stream's thread is handed. */
export interface StreamRoleStart extends StreamStart {
  readonly blas: BlasChoice | undefined;
  readonly helpers: number;
}

export function playStream(start: StreamRoleStart, port: Port<never, readonly Span[]>, kit: ThreadKit): void {
  const { blas, helpers, ...stream } = start;
  runStreamThread(
    stream,
    kit.now,
    (spans) => port.post(spans),
    (pool) => openExtras(kit, { ...stream, pool, blas, helpers }),
  );
  port.close();
}

/** @returns how to start streams that use this BLAS. @param helpers of each stream. */
export function streamSpawner(
  kit: ThreadKit,
  blas: BlasChoice | undefined,
  helpers: number,
): (start: StreamStart) => StreamThread {
  return (start) => {
    const spans: Span[] = [];
    const waiting: (() => void)[] = [];
    const data: StreamRoleStart = { ...start, blas, helpers };
    const thread = kit.spawn<never, readonly Span[]>("stream", data, {
      name: "stream",
      onMessage: (recorded) => {
        for (const span of recorded) spans.push(span);
        for (const resolve of waiting.splice(0)) resolve();
      },
    });
    const ended = thread.ended.then(({ error }) => {
      if (error !== undefined) throw error;
    });
    ended.catch(() => {}); // whoever waits for the thread hears of it
    const reported = (): Promise<void> => {
      const report = new Promise<void>((resolve) => void waiting.push(resolve));
      return Promise.race([report, ended]);
    };
    return { spans, reported, ended, kill: () => void thread.kill() };
  };
}
