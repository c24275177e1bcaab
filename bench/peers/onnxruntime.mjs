// onnxruntime, one thread. The model, one MatMul, is written here as the protocol buffer that it is.
import ort from "onnxruntime-node";
import { size, time } from "./timing.mjs";

const text = (string) => new TextEncoder().encode(string);
const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
/** A field of a message: a number, or the bytes of a string or a message. */
const field = (id, value) =>
  typeof value === "number" ? [id << 3, ...varint(value)] : [(id << 3) | 2, ...varint(value.length), ...value];

function matrix(name) {
  const dimension = field(1, field(1, size));
  const type = [...field(1, 1), ...field(2, [...dimension, ...dimension])]; // 1: f32
  return [...field(1, text(name)), ...field(2, field(1, type))];
}

await time({
  async gemm() {
    const node = [...field(1, text("a")), ...field(1, text("b")), ...field(2, text("c")), ...field(4, text("MatMul"))];
    const places = [...field(11, matrix("a")), ...field(11, matrix("b")), ...field(12, matrix("c"))];
    const graph = [...field(1, node), ...field(2, text("product")), ...places];
    const model = new Uint8Array([...field(1, 8), ...field(7, graph), ...field(8, field(2, 17))]);
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const random = () => new ort.Tensor("float32", new Float32Array(size * size).map(Math.random), [size, size]);
    const feeds = { a: random(), b: random() };
    return () => session.run(feeds);
  },
});
