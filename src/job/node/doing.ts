/** What a rank is doing, for somebody outside of its thread who sees that nothing moves. */
import type { Rank } from "../../world/index.ts";
import type { Report } from "../../world/core/report.ts";

/** Resources of a thread that are the job's, not its program's. */
const ours: ReadonlySet<string> = new Set(["MessagePort", "Worker", "CloseReq"]);

/** @param timers of this thread that are the job's. */
export async function doingOf(rank: Rank, timers = 0): Promise<Report> {
  const { engine, device, client } = rank;
  if (!client) while (engine.progress()); // what has arrived is not waited for
  const report = client ? await client.ask() : engine.report("running", "", 8);
  const streams = device.streams.filter(({ mode, awaited }) => mode === "threaded" && awaited).length; // each keeps one
  const store = { ...engine.openCalls.report(), idle: isIdle(timers + streams) };
  return { ...report, streams: engine.streamsAwaited, store };
}

/** Whether nothing but the job can make this thread's programs go on: no timer, no file, no socket, no process. */
export function isIdle(timers: number): boolean {
  const theirs = process.getActiveResourcesInfo().filter((resource) => !ours.has(resource));
  return theirs.every((resource) => resource === "Timeout") && theirs.length <= timers;
}
