// A nested worker of the browser suite: a compute stream of a rank.
import { runStreamThread, type StreamStart } from "../../src/device/index.ts";

self.onmessage = ({ data }: MessageEvent<StreamStart>) => {
  const now = () => performance.timeOrigin + performance.now();
  runStreamThread(data, now, (spans) => self.postMessage({ spans }));
  self.postMessage({ ended: true });
};
self.postMessage({ ready: true });
