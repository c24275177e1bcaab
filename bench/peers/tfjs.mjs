// tfjs on its WASM backend, one thread.
import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { size, time } from "./timing.mjs";

setThreadsCount(1);
setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
await tf.setBackend("wasm");

await time({
  gemm() {
    const [a, b] = [tf.randomUniform([size, size]), tf.randomUniform([size, size])];
    return () => {
      const c = tf.matMul(a, b);
      c.dataSync();
      c.dispose();
    };
  },
  /** `size` small additions, as its users call them. */
  add() {
    const [a, b] = [tf.ones([16]), tf.ones([16])];
    return () => {
      for (let i = 0; i < size; i++) a.add(b).dispose();
    };
  },
});
