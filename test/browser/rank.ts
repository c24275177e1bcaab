// A worker of the browser suite: one shared-memory rank that runs the conformance cases.
import { KernelRuntime, SegmentPool } from "../../src/device/index.ts";
import { browserPlatform } from "../../src/platform/browser.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { TensorDevice } from "../../src/tensor/index.ts";
import { buildShmRank } from "../../src/world/index.ts";
import { runSuite } from "../conformance/suite.ts";
import type { RankStart } from "./page.ts";

self.onmessage = async ({ data }: MessageEvent<RankStart>) => {
  const { rank, size, wasm, limit, kernels, control, cases, seed } = data;
  const platform = browserPlatform(location.href);
  const pool = new SegmentPool(new SharedMemory(wasm, limit));
  const runtime = new KernelRuntime(kernels, pool, 60_000 + rank);
  const now = () => performance.timeOrigin + performance.now();
  const { world, device, engine } = buildShmRank({
    rank,
    size,
    runtime,
    quota: limit / size,
    now,
    control,
    cores: platform.cores,
    mayBlock: platform.mayBlock,
  });
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  try {
    const checked = await runSuite({ world, device: new TensorDevice(device), sleep }, { cases, seed });
    await engine.finish();
    engine.leave("finished");
    self.postMessage({ checked });
  } catch (error) {
    engine.leave("failed", String(error));
    self.postMessage({ error: String(error) });
  }
};
