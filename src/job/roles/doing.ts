/** What a rank is doing, for somebody outside its thread who sees that nothing moves. */
import type { Report } from "../../world/core/report.ts";
import type { Rank } from "../../world/index.ts";

/** @param isIdle whether nothing but the job can make the thread's programs go on; it is told how many timers are its streams'. */
export async function doingOf(rank: Rank, isIdle: (streams: number) => boolean): Promise<Report> {
  const { engine, device, client } = rank;
  if (!client) while (engine.progress()); // what has arrived is not waited for
  const report = client ? await client.ask() : engine.report("running", "", 8);
  const streams = device.streams.filter(({ mode, blocking }) => mode === "threaded" && blocking).length; // each keeps one
  const store = { ...engine.openCalls.report(), idle: isIdle(streams) };
  return { ...report, streams: engine.streamsBlocking, store };
}
