// The peer of `worldsize bench gemm`: tfjs on its WASM backend, one thread. Prints one JSON line.

import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

const size = Number(process.argv[2]);
setThreadsCount(1);
setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
await tf.setBackend("wasm");
const a = tf.randomUniform([size, size]);
const b = tf.randomUniform([size, size]);
let best = Infinity;
for (let i = 0; i < 6; i++) {
  const start = performance.now();
  const c = tf.matMul(a, b);
  c.dataSync();
  best = Math.min(best, performance.now() - start);
  c.dispose();
}
console.log(JSON.stringify({ size, seconds: best / 1e3 }));
