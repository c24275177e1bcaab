// ggml, as node-llama-cpp ships it, called directly through koffi: one thread, its best build for this processor.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import koffi from "koffi";
import { size, time } from "./timing.mjs";

const platform = `${process.platform === "win32" ? "win" : process.platform === "darwin" ? "mac" : "linux"}-${process.arch}`;
const main = createRequire(import.meta.url).resolve("node-llama-cpp");
const binaries = createRequire(main).resolve(`@node-llama-cpp/${platform}`);
const folder = join(dirname(binaries), "../bins", platform);
const base = koffi.load(
  join(
    folder,
    readdirSync(folder).find((name) => name.startsWith("libggml-base")),
  ),
  { global: true },
);

/** The build for this processor that says of itself that it suits best. */
function bestBuild() {
  const builds = readdirSync(folder).filter((name) => name.startsWith("libggml-cpu"));
  const scored = builds.map((name) => {
    try {
      const library = koffi.load(join(folder, name));
      return { library, score: library.func("int ggml_backend_score()")() };
    } catch {
      return { score: -1 };
    }
  });
  return scored.sort((a, b) => b.score - a.score)[0].library;
}

const cpu = bestBuild();
koffi.struct("ggml_init_params", { mem_size: "size_t", mem_buffer: "void *", no_alloc: "bool" });
const init = base.func("void *ggml_init(ggml_init_params params)");
const tensor = base.func("void *ggml_new_tensor_2d(void *context, int type, int64_t columns, int64_t rows)");
const matmul = base.func("void *ggml_mul_mat(void *context, void *weights, void *x)");
const newGraph = base.func("void *ggml_new_graph(void *context)");
const expand = base.func("void ggml_build_forward_expand(void *graph, void *tensor)");
const place = base.func("void *ggml_backend_alloc_ctx_tensors(void *context, void *backend)");
const set = base.func("void ggml_backend_tensor_set(void *tensor, void *data, size_t offset, size_t bytes)");
const bytesOf = base.func("size_t ggml_nbytes(void *tensor)");
const quantize = base.func(
  "size_t ggml_quantize_chunk(int type, void *from, void *to, int64_t start, int64_t rows, int64_t columns, void *imatrix)",
);
const compute = base.func("int ggml_backend_graph_compute(void *backend, void *graph)");
const backend = cpu.func("void *ggml_backend_cpu_init()")();
cpu.func("void ggml_backend_cpu_set_n_threads(void *backend, int threads)")(backend, 1);

const [F32, Q4_0, Q8_0] = [0, 2, 8];

/** Random weights [size, size] of a type, times `tokens` columns. */
function product(type, tokens) {
  const context = init({ mem_size: 2 ** 20, mem_buffer: null, no_alloc: true });
  const weights = tensor(context, type, size, size);
  const x = tensor(context, F32, size, tokens);
  const graph = newGraph(context);
  expand(graph, matmul(context, weights, x));
  place(context, backend);
  const random = (n) => new Float32Array(n).map(() => Math.random() - 0.5);
  const bytes = Number(bytesOf(weights));
  const [from, to] = [random(size * size), new Uint8Array(bytes)];
  if (type === F32) set(weights, from, 0, bytes);
  else {
    quantize(type, from, to, 0, size, size, null);
    set(weights, to, 0, bytes);
  }
  set(x, random(size * tokens), 0, size * tokens * 4);
  return () => compute(backend, graph);
}

await time(
  { gemm: () => product(F32, size), int8: () => product(Q8_0, 1), int4: () => product(Q4_0, 1) },
  process.argv[2] === "gemm" ? 12 : 40,
);
