/** A launch of each kernel that teams share, of odd sizes, large enough to be shared. Each returns what it wrote. */
import type { KernelName } from "../../src/device/index.ts";
import { functional, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";

type Launch = (device: TensorDevice) => Tensor[];

function go(device: TensorDevice, name: KernelName, tensors: readonly Tensor[], scalars: readonly number[]): void {
  device.raw.launch(
    name,
    tensors.map((tensor) => tensor.ref()),
    scalars,
  );
}

/** Numbers of a kernel's inputs; another seed for each. */
const drawn = (device: TensorDevice, ...shapes: number[][]): Tensor[] =>
  shapes.map((shape, i) => device.randn(shape, { seed: 11 + i }));
const indices = (device: TensorDevice, n: number, below: number): Tensor =>
  device.tensor(
    Array.from({ length: n }, (_, i) => (i * 7919) % below),
    "i32",
  );

/** A kernel of so many inputs and outputs of n elements. */
const flat =
  (name: KernelName, inputs: number, outputs: number, ...more: number[]): Launch =>
  (device) => {
    const n = 300_007;
    const outs = Array.from({ length: outputs }, () => device.empty([n]));
    go(device, name, [...drawn(device, ...Array<number[]>(inputs).fill([n])), ...outs], [n, ...more]);
    return outs;
  };

/** The gradient of a norm. */
const normBackward =
  (name: KernelName, perRow: number, perColumn: number): Launch =>
  (device) => {
    const [rows, cols] = [501, 677];
    const [x, w, dy] = drawn(device, [rows, cols], [cols], [rows, cols]);
    const each = drawn(device, ...Array<number[]>(perRow).fill([rows]));
    const outs = [device.empty([rows, cols]), ...Array.from({ length: perColumn }, () => device.ones([cols]))];
    go(device, name, [x, w, ...each, dy, ...outs], [rows, cols]);
    return outs;
  };

const attentionOf = (device: TensorDevice, backward: boolean): Tensor[] => {
  const [heads, kvHeads, dim, tokens] = [6, 3, 24, 333];
  const [q, k, v, dout] = drawn(
    device,
    [tokens, heads, dim],
    [tokens, kvHeads, dim],
    [tokens, kvHeads, dim],
    [tokens, heads, dim],
  );
  const [o, lse] = [device.empty([tokens, heads, dim]), device.empty([heads, tokens])];
  const starts = device.tensor([0, 100, tokens], "i32");
  const strides = [heads * dim, dim, kvHeads * dim, dim, heads * dim, dim];
  const scalars = [2, heads, kvHeads, dim, tokens, tokens, ...strides, 1, 0.2];
  go(device, "attention", [q, k, v, o, lse, starts, starts], scalars);
  if (!backward) return [o, lse];
  const [dq, dk, dv] = [device.empty(q.shape), device.ones(k.shape), device.ones(k.shape)];
  go(device, "attentionBackward", [q, k, v, o, lse, dout, dq, dk, dv, starts, starts], scalars);
  return [dq, dk, dv];
};

/** Two sequences, of which one has many queries and one a single one, over pages of 16 in some order. */
const attentionOverPages = (device: TensorDevice, dtype: "f32" | "bf16" | "int8"): Tensor[] => {
  const [heads, kvHeads, dim, tokens, pages, page] = [6, 3, 24, 301, 40, 16];
  const [q, k, v] = drawn(device, [tokens, heads, dim], ...Array<number[]>(2).fill([pages * page, kvHeads, dim]));
  const [o, lse] = [device.empty([tokens, heads, dim]), device.empty([heads, tokens])];
  const [starts, lengths] = [device.tensor([0, 300, tokens], "i32"), device.tensor([300, 320], "i32")];
  const tables = indices(device, pages, pages);
  const sizes = [2, heads, kvHeads, dim, tokens, pages, page, pages / 2];
  const scalars = [...sizes, heads * dim, dim, kvHeads * dim, dim, heads * dim, dim, 1, 0.2];
  if (dtype !== "int8") {
    const code = dtype === "bf16" ? 2 : 0;
    go(device, "attentionPaged", [q, k.to(dtype), v.to(dtype), o, lse, starts, lengths, tables], [code, ...scalars]);
    return [o, lse];
  }
  const caches = [k, v].map((source) => {
    const table = { packed: device.zeros(source.shape, "u8"), scales: device.zeros([pages * page, kvHeads]) };
    return functional.indexCopy({ table, index: device.arange(pages * page, "i32"), source });
  });
  const [packed, scales] = [caches.map((each) => each.packed), caches.map((each) => each.scales)];
  go(device, "attentionPaged8", [q, ...packed, ...scales, o, lse, starts, lengths, tables], scalars);
  return [o, lse];
};

const quantizedProduct =
  (bits: 8 | 4): Launch =>
  (device) => {
    const [m, n, k] = [3, 997, 512];
    const [x, w] = drawn(device, [m, k], [n, k]);
    const [packed, scales] = [device.empty([(1000 * k * bits) / 8], "u8"), device.empty([1000, k / 32])];
    const y = device.empty([m, n]);
    go(device, `quantize${bits}`, [w, packed, scales], [n, k]);
    go(device, `matmul${bits}`, [x, packed, scales, y], [m, n, k, n]);
    return [y];
  };

/** Lists of tensors of odd sizes. @param moving tensors of an entry beside gradients that change. */
const listed =
  (name: KernelName, moving: number, scalars: readonly number[], rounded = false): Launch =>
  (device) => {
    const sizes = [5, 200_003, 4096, 0, 70_001];
    const values = sizes.map((n) => drawn(device, ...Array<number[]>(moving + 1).fill([n])));
    for (const list of values) if (list.length > 3) list[3] = list[3].abs();
    const copies = sizes.map((n) => device.zeros([n], "bf16"));
    const list = values.map((tensors, i) => ({
      refs: [...tensors, ...(rounded ? [copies[i]] : [])].map((tensor) => tensor.ref()),
      n: sizes[i],
    }));
    device.raw.launchMany(name, list, [device.full([1], 0.7).ref()], scalars);
    return [...values.flatMap((tensors) => tensors.filter((_, i) => i !== 1)), ...copies];
  };
const adamLike = [0.01, 0.9, 0.95, 1e-8, 0.1, 0.271, 0.142625];

const crossEntropy =
  (weighted: boolean): Launch =>
  (device) => {
    const [rows, cols] = [301, 1037];
    const [logits, weight] = drawn(device, [rows, cols], [rows]);
    const [loss, slopes] = [device.empty([rows]), device.empty([rows, cols])];
    const tensors = [logits, indices(device, rows, cols), ...(weighted ? [weight] : []), loss, slopes];
    go(device, weighted ? "crossEntropyWeighted" : "crossEntropy", tensors, [rows, cols, 3, 0.5]);
    return [loss, slopes];
  };

const routed = (device: TensorDevice, renormalize: number): Tensor[] => {
  const [tokens, experts, k] = [30_011, 13, 3];
  const [logits, dweight] = drawn(device, [tokens, experts], [tokens, k]);
  const [chosen, weight] = [device.empty([tokens, k], "i32"), device.empty([tokens, k])];
  const dlogits = device.empty([tokens, experts]);
  go(device, "route", [logits, chosen, weight], [tokens, experts, k, renormalize]);
  go(device, "routeBackward", [logits, chosen, weight, dweight, dlogits], [tokens, experts, k, renormalize]);
  return [chosen, weight, dlogits];
};

/** By kernel. */
export const sharedLaunches: Partial<Record<KernelName, Launch>> = {
  gemm: (device) => {
    const [a, b] = drawn(device, [203, 130], [130, 171]);
    return [a.matmul(b), b.transpose().matmul(a.transpose())];
  },
  softmax: (device) => [drawn(device, [1037, 513])[0].softmax()],
  copy: (device) => {
    const [x] = drawn(device, [300_007]);
    const y = device.empty([300_007]);
    go(device, "copy", [x, y], [4 * 300_007 - 1]);
    return [y.slice(0, 0, 300_006)];
  },
  fill: (device) => [device.full([600_007], 3), device.full([1_200_003], 2, "bf16")],
  convert: (device) => {
    const [x, y] = drawn(device, [700, 601], [3, 401, 303]);
    return [x.transpose().contiguous(), x.to("f16"), y.transpose(1, 2).contiguous(), x.slice(1, 3, 590).contiguous()];
  },
  unary: (device) => {
    const [x] = drawn(device, [300_007]);
    return [x.exp(), x.sigmoid(), x.tanh(), x.to("bf16").exp()];
  },
  binary: (device) => {
    const [x, y, row] = drawn(device, [701, 601], [601, 701], [601]);
    return [x.add(y.transpose()), x.mul(row), x.sub(x), x.to("f16").div(row.to("f16"))];
  },
  binaryScalar: (device) => {
    const [x] = drawn(device, [701, 601]);
    return [x.mul(3), x.transpose().add(0.3), x.to("i32").mul(5)];
  },
  compare: (device) => {
    const [x, y] = drawn(device, [701, 601], [601, 701]);
    return [x.lt(y.transpose()), x.gt(x)];
  },
  compareScalar: (device) => {
    const [x] = drawn(device, [701, 601]);
    return [x.lt(0.1), x.transpose().ge(0)];
  },
  reduce: (device) => {
    const [x, y] = drawn(device, [1001, 613], [5, 301, 407]);
    return [x.sum(0), x.sum(1), y.max(1), x.to("bf16").sum(0), x.to("u8").sum(0)];
  },
  argmax: (device) => [drawn(device, [3001, 701])[0].argmax(1)],
  gather: (device) => {
    const [table] = drawn(device, [97, 301]);
    const out = device.empty([1001, 301]);
    go(device, "gather", [table, indices(device, 1001, 97), out], [97, 1001, 301]);
    return [out];
  },
  scatterAdd: (device) => {
    const [table, source] = drawn(device, [97, 301], [1001, 301]);
    go(device, "scatterAdd", [table, indices(device, 1001, 97), source], [97, 1001, 301]);
    return [table];
  },
  putRows: (device) => {
    const [table, source] = drawn(device, [97, 301], [1001, 301]);
    const half = device.zeros([97, 301], "bf16");
    go(device, "putRows", [table, indices(device, 1001, 97), source], [0, 97, 1001, 301]);
    go(device, "putRows", [half, indices(device, 1001, 97), source], [2, 97, 1001, 301]);
    return [table, half];
  },
  putRows8: (device) => {
    const [source] = drawn(device, [1001, 7, 43]);
    const [packed, scales] = [device.zeros([97, 7, 43], "u8"), device.zeros([97, 7])];
    go(device, "putRows8", [packed, scales, indices(device, 1001, 97), source], [97, 1001, 7, 43]);
    return [packed, scales];
  },
  copyRows: (device) => {
    const [table] = drawn(device, [97, 7001]);
    const to = indices(device, 40, 97);
    go(device, "copyRows", [table, indices(device, 40, 31), to], [97, 40, 4 * 7001]);
    return [table];
  },
  rmsNorm: (device) => {
    const [x, w] = drawn(device, [1001, 700], [700]);
    const [y, rstd] = [device.empty([1001, 700]), device.empty([1001])];
    go(device, "rmsNorm", [x, w, y, rstd], [1001, 700, 1e-5]);
    return [y, rstd];
  },
  layerNorm: (device) => {
    const [x, w, b] = drawn(device, [501, 700], [700], [700]);
    const [y, mean, rstd] = [device.empty([501, 700]), device.empty([501]), device.empty([501])];
    go(device, "layerNorm", [x, w, b, y, mean, rstd], [501, 700, 1e-5]);
    return [y, mean, rstd];
  },
  rmsNormBackward: normBackward("rmsNormBackward", 1, 1),
  layerNormBackward: normBackward("layerNormBackward", 2, 2),
  rope: (device) => {
    const [tokens, heads, dim, positions] = [1003, 5, 62, 50];
    const [x, cos, sin] = drawn(device, [tokens, heads, dim], [positions, dim / 2], [positions, dim / 2]);
    const y = device.empty(x.shape);
    go(device, "rope", [x, indices(device, tokens, positions), cos, sin, y], [tokens, heads, dim, positions, 0]);
    return [y];
  },
  swiglu: flat("swiglu", 2, 1),
  swigluBackward: flat("swigluBackward", 3, 2),
  gelu: flat("gelu", 1, 1),
  geluBackward: flat("geluBackward", 2, 1),
  silu: flat("silu", 1, 1),
  siluBackward: flat("siluBackward", 2, 1),
  dropout: flat("dropout", 1, 1, 5, 6, 7, 0.3),
  scaleBy: (device) => {
    const [x, factor] = drawn(device, [300_007], [1]);
    const y = device.empty([300_007]);
    go(device, "scaleBy", [x, factor, y], [300_007]);
    return [y];
  },
  crossEntropy: crossEntropy(false),
  crossEntropyWeighted: crossEntropy(true),
  attention: (device) => attentionOf(device, false),
  attentionBackward: (device) => attentionOf(device, true),
  attentionPaged: (device) => [...attentionOverPages(device, "f32"), ...attentionOverPages(device, "bf16")],
  attentionPaged8: (device) => attentionOverPages(device, "int8"),
  matmul8: quantizedProduct(8),
  matmul4: quantizedProduct(4),
  adamw: listed("adamw", 3, adamLike),
  adam: listed("adam", 3, adamLike),
  adamwMaster: listed("adamwMaster", 3, adamLike, true),
  sgd: listed("sgd", 1, [0.1, 0.01]),
  sgdMomentum: listed("sgdMomentum", 2, [0.1, 0.9, 0.1, 0, 0.01, 0]),
  squares: (device) => {
    const sizes = [5, 400_003, 4096, 0, 70_001];
    const list = drawn(device, ...sizes.map((n) => [n])).map((tensor, i) => ({ refs: [tensor.ref()], n: sizes[i] }));
    const sums = device.zeros([300]);
    device.raw.launchMany("squares", list, [sums.ref()], []);
    return [sums];
  },
  place: (device) => {
    const [source, target] = drawn(device, [301, 501], [501, 700]);
    go(device, "place", [source, target], [0, 1, 1, 301, 501, 0, 0, 1, 700]);
    return [target];
  },
  placeAdd: (device) => {
    const [source, target] = drawn(device, [301, 501], [301, 700]);
    go(device, "placeAdd", [source, target], [1, 1, 301, 501, 0, 0, 700, 1]);
    return [target];
  },
  route: (device) => routed(device, 0),
  routeBackward: (device) => routed(device, 1),
  routeBiased: (device) => {
    const [tokens, experts, k] = [30_011, 13, 3];
    const [logits, bias] = drawn(device, [tokens, experts], [experts]);
    const [chosen, weight] = [device.empty([tokens, k], "i32"), device.empty([tokens, k])];
    go(device, "routeBiased", [logits, bias, chosen, weight], [tokens, experts, k, 0]);
    return [chosen, weight];
  },
};
