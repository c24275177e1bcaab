/** `worldsize bench graphs`: steps in which all sequences decode, replayed as captured graphs against launched kernel by kernel. */
import { type Flags, type Measurement, type Progress, rows } from "./measure.ts";

export async function benchGraphs({ rounds }: Flags, progress: Progress): Promise<Measurement[]> {
  const found: Measurement[] = [];
  for (const running of [1, 8, 32]) {
    progress(`graphs: ${running} sequences`);
    const options = { running, rounds };
    const [row] = await rows<Record<"eagerHost" | "graphHost" | "eagerStep" | "graphStep", number>>(
      "serve-graphs.ts",
      1,
      options,
      { streams: "threaded" },
    );
    const own = { bench: "graphs", case: `${running} decode`, unit: "ms", peer: "kernel by kernel" };
    const { eagerHost, graphHost, eagerStep, graphStep } = row;
    found.push({
      ...own,
      metric: "host, launches",
      value: graphHost,
      peerValue: eagerHost,
      ratio: graphHost / eagerHost,
    });
    found.push({ ...own, metric: "whole step", value: graphStep, peerValue: eagerStep, ratio: graphStep / eagerStep });
  }
  return found;
}
