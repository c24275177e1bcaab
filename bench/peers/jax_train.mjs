// Steps of the model of bench/train.ts in jax-js on its WASM backend. Arguments: threads, rounds. Prints the best time in
// milliseconds as its last line; exits with 3 for more than one thread, which it has not. Attention is written out, since its
// own needs a newer engine than Node 20; rows are looked up by a one-hot product.
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";

const [threads, rounds, sequences = 8] = process.argv.slice(2).map(Number);
if (threads !== 1) {
  console.log(`jax-js computes in one thread, so there is no time of ${threads}.`);
  process.exit(3);
}
await init("wasm");
defaultDevice("wasm");
const [V, D, L, H, T, B] = [4096, 384, 6, 6, 256, sequences];
const [lr, beta1, beta2, eps, decay] = [1e-3, 0.9, 0.999, 1e-8, 0.01];

let seed = 0;
const normal = (...shape) => random.normal(random.key(seed++), shape).mul(0.02);
const norm = () => ({ w: np.ones([D]), b: np.zeros([D]) });
const linear = (input, output) => ({ w: normal(input, output), b: np.zeros([output]) });
const start = {
  embed: normal(V, D),
  positions: normal(T, D),
  last: norm(),
  blocks: Array.from({ length: L }, () => ({
    n1: norm(),
    qkv: linear(D, 3 * D),
    o: linear(D, D),
    n2: norm(),
    up: linear(D, 4 * D),
    down: linear(4 * D, D),
  })),
};

// Each use of an array takes it, unless it goes through `.ref`.
const layerNorm = (x, { w, b }) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(w).add(b);
const apply = (x, { w, b }) => np.matmul(x, w).add(b);

function block(x, { n1, qkv, o, n2, up, down }) {
  const heads = apply(layerNorm(x.ref, n1), qkv).reshape([B, T, 3, H, D / H]);
  const [q, k, v] = [heads.ref, heads.ref, heads].map((y, i) => np.transpose(y.slice([], [], i), [0, 2, 1, 3]));
  const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).mul(1 / Math.sqrt(D / H));
  const weights = nn.softmax(np.where(np.tri(T, T, 0, { dtype: "bool" }), scores, -1e30));
  const y = np.transpose(np.matmul(weights, v), [0, 2, 1, 3]).reshape([B, T, D]);
  const z = x.add(apply(y, o));
  return z.ref.add(apply(nn.gelu(apply(layerNorm(z, n2), up)), down));
}

function loss({ embed, positions, last, blocks }, tokens, target) {
  const rows = np.matmul(nn.oneHot(tokens, V), embed.ref).reshape([B, T, D]).add(positions);
  const x = layerNorm(blocks.reduce(block, rows), last).reshape([B * T, D]);
  const scores = nn.logSoftmax(np.matmul(x, np.transpose(embed)));
  return np.sum(scores.mul(nn.oneHot(target, V))).mul(-1 / (B * T));
}

/** AdamW after clipping of the norm to 1. @param c1, c2 corrections of the moments' bias. */
const step = jit((parameters, first, second, c1, c2, tokens, target) => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), tokens, target);
  const [leaves, form] = tree.flatten(parameters);
  const [m, v, given] = [first, second, gradients].map((each) => tree.flatten(each)[0]);
  const square = given.map((g) => np.sum(np.square(g.ref))).reduce((a, b) => a.add(b));
  const factor = np.minimum(np.reciprocal(np.sqrt(square)), 1);
  const moved = leaves.map((w, i) => {
    const g = given[i].mul(factor.ref);
    const mean = m[i].mul(beta1).add(g.ref.mul(1 - beta1));
    const squares = v[i].mul(beta2).add(np.square(g).mul(1 - beta2));
    const move = mean.ref.mul(c1.ref).div(np.sqrt(squares.ref.mul(c2.ref)).add(eps));
    return [w.mul(1 - lr * decay).sub(move.mul(lr)), mean, squares];
  });
  return [
    value,
    ...[0, 1, 2].map((at) =>
      tree.unflatten(
        form,
        moved.map((each) => each[at]),
      ),
    ),
  ];
});

const [tokens, target] = [1, 2].map((at) => random.randint(random.key(at), { minval: 0, maxval: V, shape: [B * T] }));
let parameters = start;
let [first, second] = [0, 1].map(() => tree.map((x) => np.zeros(x.shape), tree.ref(start)));
let best = Infinity;
for (let i = 0; i <= rounds; i++) {
  const before = performance.now();
  let value;
  const corrections = [beta1, beta2].map((beta) => 1 / (1 - beta ** (i + 1)));
  [value, parameters, first, second] = step(parameters, first, second, ...corrections, tokens.ref, target.ref);
  await blockUntilReady([value, parameters, first, second]);
  if (!(value.js() > 0)) throw new Error("The loss is not a number.");
  if (i > 0) best = Math.min(best, performance.now() - before);
}
console.log(best);
