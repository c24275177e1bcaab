// Steps of the model of bench/train.ts in tfjs on its WASM backend. Arguments: threads, rounds. Prints the best time in
// milliseconds as its last line; exits with 3, and says why, where the backend cannot compute a step. It has no AdamW, so it
// takes Adam, and no gradient of a gather (UnsortedSegmentSum), so it looks rows up by a one-hot product. Gradients are not clipped.
import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

const [threads, rounds, sequences = 8] = process.argv.slice(2).map(Number);
setThreadsCount(threads);
setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
await tf.setBackend("wasm");
const [V, D, L, H, T, B] = [4096, 384, 6, 6, 256, sequences];

const normal = (...shape) => tf.variable(tf.randomNormal(shape, 0, 0.02));
const zeros = (length) => tf.variable(tf.zeros([length]));
const norm = () => ({ w: tf.variable(tf.ones([D])), b: zeros(D) });
const linear = (input, output) => ({ w: normal(input, output), b: zeros(output) });
const [embed, positions, last] = [normal(V, D), normal(T, D), norm()];
const blocks = Array.from({ length: L }, () => ({
  n1: norm(),
  qkv: linear(D, 3 * D),
  o: linear(D, D),
  n2: norm(),
  up: linear(D, 4 * D),
  down: linear(4 * D, D),
}));

function layerNorm(x, { w, b }) {
  const centred = x.sub(x.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(1e-5).rsqrt()).mul(w).add(b);
}

const apply = (x, { w, b }) => x.matMul(w).add(b);
const gelu = (x) =>
  x.mul(0.5).mul(
    x
      .add(x.mul(x).mul(x).mul(0.044715))
      .mul(Math.sqrt(2 / Math.PI))
      .tanh()
      .add(1),
  );
const mask = tf.linalg
  .bandPart(tf.ones([T, T]), -1, 0)
  .sub(1)
  .mul(1e9);

function block(x, { n1, qkv, o, n2, up, down }) {
  const heads = tf.split(apply(layerNorm(x, n1), qkv), 3, 1);
  const [q, k, v] = heads.map((y) => y.reshape([B, T, H, D / H]).transpose([0, 2, 1, 3]));
  const scores = tf.matMul(q, k, false, true).mul(1 / Math.sqrt(D / H));
  const y = tf.matMul(tf.softmax(scores.add(mask)), v).transpose([0, 2, 1, 3]);
  const z = x.add(apply(y.reshape([B * T, D]), o));
  return z.add(apply(gelu(apply(layerNorm(z, n2), up)), down));
}

const [tokens, target] = [1, 2].map((seed) => {
  const index = tf.randomUniform([B * T], 0, V, "int32", seed);
  return tf.oneHot(index, V).toFloat();
});

function loss() {
  const rows = tf.matMul(tokens, embed).reshape([B, T, D]).add(positions);
  const x = blocks.reduce(block, rows.reshape([B * T, D]));
  const logits = tf.matMul(layerNorm(x, last), embed, false, true);
  return tf
    .logSoftmax(logits)
    .mul(target)
    .sum()
    .mul(-1 / (B * T));
}

const optimizer = tf.train.adam(1e-3);
let best = Infinity;
try {
  for (let i = 0; i <= rounds; i++) {
    const start = performance.now();
    const value = tf.tidy(() => optimizer.minimize(loss, true));
    await value.data();
    value.dispose();
    if (i > 0) best = Math.min(best, performance.now() - start);
  }
} catch (error) {
  console.log(`tfjs cannot train this model on its WASM backend: ${error.message}`);
  process.exit(3);
}
console.log(best);
