// A worker of the browser suite: one shared-memory rank that runs the conformance cases.
import {
  KernelRuntime,
  SegmentPool,
  type StreamStart,
  type StreamThread,
  ThreadedStreams,
} from "../../src/device/index.ts";
import { browserPlatform } from "../../src/platform/browser/browser.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { TensorDevice } from "../../src/tensor/index.ts";
import { buildRemoteRank, buildShmRank, type FromComm, type Rank } from "../../src/world/index.ts";
import { runSuite } from "../conformance/suite.ts";
import type { RankStart } from "./page.ts";

self.onmessage = async ({ data }: MessageEvent<RankStart>) => {
  const { rank, size, wasm, limit, kernels, control, cases, seed } = data;
  const platform = browserPlatform(location.href);
  const pool = new SegmentPool(new SharedMemory(wasm, limit));
  const runtime = new KernelRuntime(kernels, pool, 60_000 + rank);
  const now = () => performance.timeOrigin + performance.now();
  const common = { rank, size, runtime, quota: limit / size, now };
  const { world, device, engine } = data.threaded
    ? await threadedRank(data, common)
    : buildShmRank({
        ...common,
        control,
        waiting: { cores: platform.cores, mayBlock: platform.mayBlock, loop: platform },
      });
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  try {
    const checked = await runSuite({ world, device: new TensorDevice(device), sleep }, { cases, seed });
    await engine.finish();
    engine.leave("finished");
    self.postMessage({ checked });
  } catch (error) {
    engine.leave("failed", `threw ${String(error)}`);
    self.postMessage({ error: String(error) });
  }
};

/** A rank whose streams are nested workers. */
async function threadedRank(
  start: RankStart,
  common: { rank: number; size: number; runtime: KernelRuntime; quota: number; now: () => number },
): Promise<Rank> {
  const { rank, kernels } = start;
  const { pool } = common.runtime;
  // A nested worker comes to life only while its parent's event loop turns: start it first.
  const worker = await nested("stream.js");
  const spawn = (stream: StreamStart): StreamThread => {
    worker.postMessage(stream);
    const ended = new Promise<void>((resolve) => {
      worker.addEventListener("message", ({ data }) => data.ended && resolve());
    });
    return { spans: [], reported: async () => {}, ended, kill: () => worker.terminate() };
  };
  const streams = new ThreadedStreams({ pool, kernels, owner: 61_000 + rank, spins: 20, spawn });
  const comm = new Worker(new URL("comm.js", location.href), { type: "module" });
  const ready = new Promise<void>((resolve) => comm.addEventListener("message", () => resolve(), { once: true }));
  comm.postMessage(start);
  await ready;
  const built = buildRemoteRank({
    ...common,
    transport: "shm",
    stream: streams.make,
    post: (message) => comm.postMessage(message),
  });
  comm.onmessage = ({ data }: MessageEvent<FromComm>) => built.client?.receive(data);
  return built;
}

/** A worker that has said that it is there. */
async function nested(file: string): Promise<Worker> {
  const worker = new Worker(new URL(file, location.href), { type: "module" });
  await new Promise<void>((resolve) => worker.addEventListener("message", () => resolve(), { once: true }));
  return worker;
}
