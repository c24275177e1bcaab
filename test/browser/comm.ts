// A nested worker of the browser suite: the communication stream of a rank.
import { KernelRuntime, SegmentPool } from "../../src/device/index.ts";
import { browserPlatform } from "../../src/platform/browser/browser.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { buildShmRank, CommServer, type ToComm } from "../../src/world/index.ts";
import type { RankStart } from "./page.ts";

self.onmessage = ({ data }: MessageEvent<RankStart>) => {
  const { rank, size, wasm, limit, kernels, control } = data;
  const platform = browserPlatform(location.href);
  const memory = new SharedMemory(wasm, limit);
  const server = new CommServer(memory, (message) => self.postMessage(message));
  const { engine, world } = buildShmRank({
    rank,
    size,
    runtime: new KernelRuntime(kernels, new SegmentPool(memory), 63_000 + rank),
    quota: limit / size,
    now: () => performance.timeOrigin + performance.now(),
    control,
    caller: server,
    owner: 62_000 + rank,
    waiting: { cores: platform.cores, mayBlock: platform.mayBlock, loop: platform, prompt: true },
  });
  server.serve(engine, world);
  self.onmessage = ({ data: message }: MessageEvent<ToComm>) => server.receive(message);
  self.postMessage({ ready: true });
};
